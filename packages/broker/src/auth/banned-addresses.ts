import { isIP } from "node:net";
import { AddressRanges } from "../acl/address-ranges.ts";

/** Banned addresses and ranges, to be asked about every connection: what a list of thousands says of a stranger must cost nothing. */
export class BannedAddresses {
  readonly #single = new Set<string>();
  readonly #ranges: AddressRanges | undefined;

  constructor(values: Iterable<string>) {
    const ranges: string[] = [];
    for (const value of values) {
      // An IPv6 address can be written in many ways.
      if (isIP(value) === 4) this.#single.add(value);
      else ranges.push(value);
    }
    this.#ranges = ranges.length === 0 ? undefined : new AddressRanges(ranges);
  }

  has(address: string): boolean {
    return this.#single.has(address) || this.#ranges?.has(address) === true;
  }
}
