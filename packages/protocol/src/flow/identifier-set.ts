/**
 * Inbound QoS 2 Packet Identifiers whose PUBREL has not come (section 4.3.3). A bit each; the bits are made on first use, so
 * that a session which never receives QoS 2 pays nothing.
 */
export class IdentifierSet {
  size = 0;
  private bits: Uint32Array | undefined;

  has(id: number): boolean {
    return this.bits !== undefined && (this.bits[id >>> 5]! & (1 << (id & 31))) !== 0;
  }

  /** False when it was there already. */
  add(id: number): boolean {
    this.bits ??= new Uint32Array(2048);
    const word = this.bits[id >>> 5]!;
    const bit = 1 << (id & 31);
    if ((word & bit) !== 0) return false;
    this.bits[id >>> 5] = word | bit;
    this.size++;
    return true;
  }

  /** False when it was not there. */
  delete(id: number): boolean {
    if (!this.has(id)) return false;
    this.bits![id >>> 5]! &= ~(1 << (id & 31));
    if (--this.size === 0) this.bits = undefined;
    return true;
  }

  forEach(visit: (id: number) => void): void {
    if (this.bits === undefined) return;
    for (let id = 1; id <= 0xffff; id++) if (this.has(id)) visit(id);
  }

  clear(): void {
    this.bits = undefined;
    this.size = 0;
  }
}
