import type { ProtocolVersion } from "@bowline/protocol";

/** Which version of the protocol the next attempt speaks: those allowed, best first, and what was learned of the server. */
export class VersionChoice {
  current: ProtocolVersion;
  private allowed: readonly ProtocolVersion[];
  /** The server has accepted a CONNECT of this version. */
  private isProven = false;
  /** Attempts in a row that were closed in place of a CONNACK. */
  private closed = 0;

  constructor(allowed: ProtocolVersion | readonly ProtocolVersion[] = [5, 4]) {
    this.allowed = typeof allowed === "number" ? [allowed] : [...allowed];
    this.current = this.allowed[0] ?? 5;
  }

  accepted(): void {
    this.isProven = true;
    this.closed = 0;
  }

  /**
   * The server said that it does not speak this version: it is not asked again.
   *
   * @param canSpeak whether the CONNECT can be said in that version at all.
   * @returns false when there is no other.
   */
  refused(canSpeak: (version: ProtocolVersion) => boolean): boolean {
    const next = this.next(canSpeak);
    if (next === undefined) return false;
    this.allowed = this.allowed.filter((version) => version !== this.current);
    this.current = next;
    this.isProven = false;
    return true;
  }

  /**
   * The server closed in place of its CONNACK, as some do that do not know the version, and a bad link does for no reason: until
   * one is accepted, the attempts take the versions in turn, each twice.
   */
  unanswered(canSpeak: (version: ProtocolVersion) => boolean): void {
    if (++this.closed % 2 === 0 && !this.isProven) this.current = this.next(canSpeak) ?? this.current;
  }

  private next(canSpeak: (version: ProtocolVersion) => boolean): ProtocolVersion | undefined {
    const at = this.allowed.indexOf(this.current);
    return [...this.allowed.slice(at + 1), ...this.allowed.slice(0, at)].find(canSpeak);
  }
}
