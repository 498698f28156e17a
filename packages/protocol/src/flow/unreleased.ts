import { IdentifierSet } from "./identifier-set.ts";

/**
 * How many QoS 2 messages that came on this Network Connection are not released: what counts, with unacknowledged QoS 1, against
 * the Receive Maximum we gave. That is not preserved across connections (section 4.9), so identifiers carried over from an earlier
 * one do not count: of those the peer may owe no more than PUBREL. One whose PUBLISH comes again does.
 */
export class Unreleased {
  count = 0;
  private readonly carried: IdentifierSet | undefined;

  /** @param inbound Identifiers of the session when the connection is opened. */
  constructor(inbound: IdentifierSet) {
    if (inbound.size === 0) return;
    const carried = new IdentifierSet();
    inbound.forEach((id) => carried.add(id));
    this.carried = carried;
  }

  /** The PUBLISH of an identifier that is there came again. */
  repeated(id: number): void {
    if (this.carried?.delete(id) === true) this.count++;
  }

  /** PUBREL for an identifier that was there. */
  released(id: number): void {
    if (this.carried?.delete(id) !== true) this.count--;
  }
}
