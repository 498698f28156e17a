/** Chooses Packet Identifiers, as in MQTT.js. */
export interface IMessageIdProvider {
  /** The next one; null when there is none. */
  allocate(): number | null;
  getLastAllocated(): number | null;
  /** Takes a certain one; false when it is in use. */
  register(num: number): boolean;
  deallocate(num: number): void;
  clear(): void;
}

const HIGHEST = 0xffff;

/** Identifiers in a row from a random one on. It keeps no account of what is in use; the client passes over those. */
export class DefaultMessageIdProvider implements IMessageIdProvider {
  private nextId: number = Math.max(1, Math.floor(Math.random() * HIGHEST));

  allocate(): number {
    const id = this.nextId;
    this.nextId = (id % HIGHEST) + 1;
    return id;
  }

  getLastAllocated(): number {
    return this.nextId === 1 ? HIGHEST : this.nextId - 1;
  }

  register(_messageId: number): boolean {
    return true;
  }

  deallocate(_messageId: number): void {
    // Nothing is kept.
  }

  clear(): void {
    // Nothing is kept.
  }
}

/** The lowest identifier that is not in use. */
export class UniqueMessageIdProvider implements IMessageIdProvider {
  private readonly used: Uint8Array = new Uint8Array(HIGHEST + 1);
  /** None below is free. */
  private lowest = 1;
  private last: number | null = null;

  allocate(): number | null {
    const id = this.used.indexOf(0, this.lowest);
    this.last = id < 0 ? null : id;
    if (id > 0) this.register(id);
    return this.last;
  }

  getLastAllocated(): number | null {
    return this.last;
  }

  register(messageId: number): boolean {
    if (this.used[messageId] !== 0) return false;
    this.used[messageId] = 1;
    if (messageId === this.lowest) this.lowest++;
    return true;
  }

  deallocate(messageId: number): void {
    if (messageId < 1 || messageId > HIGHEST) return;
    this.used[messageId] = 0;
    this.lowest = Math.min(this.lowest, messageId);
  }

  clear(): void {
    this.used.fill(0);
    this.lowest = 1;
  }
}
