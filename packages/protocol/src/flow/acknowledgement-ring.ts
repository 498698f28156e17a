import { PacketType } from "../packet/packet-type.ts";

/**
 * Acknowledgements that wait for their commit number, in the order of the packets they answer ([MQTT-4.6.0-2] and
 * [MQTT-4.6.0-3] ask for that order). Four parallel arrays, grown on demand: no object and no promise per message, nothing at
 * all while idle.
 */
export class AcknowledgementRing {
  length = 0;
  /** How many of them are PUBACKs: they count against the Receive Maximum given to the peer. */
  pubacks = 0;
  private head = 0;
  private mask = -1;
  private types: Uint8Array = new Uint8Array(0);
  private ids: Uint16Array = new Uint16Array(0);
  private codes: Uint8Array = new Uint8Array(0);
  private commits: Float64Array = new Float64Array(0);

  push(type: number, id: number, code: number, commit: number): void {
    if (this.length > this.mask) this.grow();
    const slot = (this.head + this.length++) & this.mask;
    this.types[slot] = type;
    this.ids[slot] = id;
    this.codes[slot] = code;
    this.commits[slot] = commit;
    if (type === PacketType.PUBACK) this.pubacks++;
  }

  /** Hands over, in order, every acknowledgement up to the first whose commit number is above `committed`. */
  release(committed: number, send: AcknowledgementTarget): void {
    while (this.length > 0 && this.commits[this.head]! <= committed) {
      const slot = this.head;
      this.head = (slot + 1) & this.mask;
      this.length--;
      if (this.types[slot] === PacketType.PUBACK) this.pubacks--;
      send.acknowledge(this.types[slot]!, this.ids[slot]!, this.codes[slot]!);
    }
  }

  /** Gives those that wait for a commit without a number yet (Infinity) that number. */
  number(commit: number): void {
    for (let i = 0; i < this.length; i++) {
      const slot = (this.head + i) & this.mask;
      if (this.commits[slot] === Number.POSITIVE_INFINITY) this.commits[slot] = commit;
    }
  }

  /** Changes the Reason Code of the one that waits for exactly that commit. */
  recode(commit: number, code: number): void {
    for (let i = 0; i < this.length; i++) {
      const slot = (this.head + i) & this.mask;
      if (this.commits[slot] === commit) this.codes[slot] = code;
    }
  }

  private grow(): void {
    const size = this.mask < 0 ? 16 : (this.mask + 1) * 2;
    const types = new Uint8Array(size);
    const ids = new Uint16Array(size);
    const codes = new Uint8Array(size);
    const commits = new Float64Array(size);
    for (let i = 0; i < this.length; i++) {
      const slot = (this.head + i) & this.mask;
      types[i] = this.types[slot]!;
      ids[i] = this.ids[slot]!;
      codes[i] = this.codes[slot]!;
      commits[i] = this.commits[slot]!;
    }
    this.types = types;
    this.ids = ids;
    this.codes = codes;
    this.commits = commits;
    this.head = 0;
    this.mask = size - 1;
  }
}

export interface AcknowledgementTarget {
  /** Writes a PUBACK, PUBREC, PUBREL or PUBCOMP. */
  acknowledge(type: number, packetIdentifier: number, reasonCode: number): void;
}
