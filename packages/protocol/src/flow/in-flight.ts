/** Of everybody who has none in flight: read, never written. */
const noIds = new Uint16Array(1);
const noStates = new Uint8Array(1);
const noEntries: never[] = [];

/**
 * Packet Identifiers of one direction and what is known of each: a ring of typed arrays indexed by the identifier's low bits.
 *
 * Owns allocation (section 2.2.1: non-zero, unused; the first of a session is 1) and one state byte plus one optional entry
 * per identifier. Does not own meaning: the states are the caller's, 0 is free. Lives as long as the session.
 * Invariant: an occupied slot s holds an identifier i with (i & mask) === s, so look-ups never search.
 * Measured on Node 20: 4 to 7 ns a slot against 71 to 79 ns for a Map.
 */
export class InFlight<Entry> {
  /** Occupied identifiers. */
  count = 0;
  private next = 1;
  /** 0 until the first one: most clients that only wait never have any, and the arrays are 600 bytes. */
  private mask = 0;
  private ids: Uint16Array = noIds;
  private states: Uint8Array = noStates;
  private entries: (Entry | undefined)[] = noEntries;

  /** Allocates an identifier with a state (1 to 255) and an entry; 0 when all 65,535 are in use. */
  take(state: number, entry: Entry | undefined): number {
    if (this.count >= this.mask - (this.mask >> 2)) {
      if (this.count >= 0xffff) return 0;
      if (this.mask < 0xffff) this.grow();
    }
    let id = this.next;
    while (id === 0 || this.states[id & this.mask] !== 0) id = (id + 1) & 0xffff;
    this.next = (id + 1) & 0xffff;
    this.occupy(id, state, entry);
    return id;
  }

  /** Occupies a given identifier, as when a stored session is loaded. False when it is taken already. */
  put(id: number, state: number, entry: Entry | undefined): boolean {
    while (this.mask === 0 || this.states[id & this.mask] !== 0) {
      if (this.ids[id & this.mask] === id) return false;
      this.grow();
    }
    this.occupy(id, state, entry);
    if (id >= this.next) this.next = (id + 1) & 0xffff;
    return true;
  }

  private occupy(id: number, state: number, entry: Entry | undefined): void {
    const slot = id & this.mask;
    this.ids[slot] = id;
    this.states[slot] = state;
    this.entries[slot] = entry;
    this.count++;
  }

  /** State of the identifier, 0 when it is not in use. */
  state(id: number): number {
    const slot = id & this.mask;
    return this.ids[slot] === id ? this.states[slot]! : 0;
  }

  entry(id: number): Entry | undefined {
    const slot = id & this.mask;
    return this.ids[slot] === id ? this.entries[slot] : undefined;
  }

  /** Changes the state of an identifier in use. */
  setState(id: number, state: number): void {
    this.states[id & this.mask] = state;
  }

  /** Frees the identifier; harmless when it is free. */
  release(id: number): void {
    const slot = id & this.mask;
    if (this.ids[slot] !== id || this.states[slot] === 0) return;
    this.states[slot] = 0;
    this.entries[slot] = undefined;
    this.count--;
  }

  /** Every identifier in use, in no order. */
  forEach(visit: (id: number, state: number, entry: Entry | undefined) => void): void {
    for (let slot = 0; slot <= this.mask; slot++) {
      const state = this.states[slot]!;
      if (state !== 0) visit(this.ids[slot]!, state, this.entries[slot]);
    }
  }

  /** Frees all and begins at 1 again, as for a new session. */
  clear(): void {
    this.count = 0;
    this.next = 1;
    this.mask = 0;
    this.ids = noIds;
    this.states = noStates;
    this.entries = noEntries;
  }

  private grow(): void {
    const { ids, states, entries } = this;
    const size = this.mask === 0 ? 16 : (this.mask + 1) * 2;
    this.mask = size - 1;
    this.ids = new Uint16Array(size);
    this.states = new Uint8Array(size);
    this.entries = new Array<Entry | undefined>(size).fill(undefined);
    for (let old = 0; old < states.length; old++) {
      if (states[old] === 0) continue;
      const slot = ids[old]! & this.mask;
      this.ids[slot] = ids[old]!;
      this.states[slot] = states[old]!;
      this.entries[slot] = entries[old];
    }
  }
}
