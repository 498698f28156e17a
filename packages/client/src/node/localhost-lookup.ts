import { lookup, type LookupAddress, type LookupAllOptions } from "node:dns";
import type { LookupFunction } from "node:net";

const LOOPBACK: readonly LookupAddress[] = [
  { address: "127.0.0.1", family: 4 },
  { address: "::1", family: 6 },
];

/** Whether a name stands for this machine, whatever a resolver says (RFC 6761). */
export function isLocalhost(host: string): boolean {
  return /(^|\.)localhost\.?$/i.test(host);
}

/**
 * Looks up a name of this machine: what the system knows of it, and the loopback of the family that it left out, since a server may
 * listen on either. Many systems know no names below `localhost` at all.
 */
export const lookupLocalhost: LookupFunction = (host, options, callback) => {
  const { family } = options as LookupAllOptions;
  lookup(host, { ...options, all: true }, (error, found) => {
    const isLoopback = error !== null || found.every(({ address }) => address === "::1" || address.startsWith("127."));
    const known = error === null ? found : [];
    const added = isLoopback ? LOOPBACK.filter((one) => !known.some((other) => other.family === one.family)) : [];
    const wanted = [...known, ...added].filter((one) => isOf(family, one.family));
    const [first] = wanted;
    if (first === undefined) callback(error, "", 0);
    else if (options.all === true) callback(null, wanted);
    else callback(null, first.address, first.family);
  });
};

function isOf(wanted: LookupAllOptions["family"], family: number): boolean {
  return (wanted !== 4 && wanted !== 6) || wanted === family;
}
