/** Of all that are empty still: read, never written. */
const none: never[] = [];

/** A first-in first-out queue in one array with a moving head: push and shift are constant time and allocate nothing. */
export class Fifo<T> {
  private items: (T | undefined)[] = none;
  private head = 0;

  get length(): number {
    return this.items.length - this.head;
  }

  push(item: T): void {
    if (this.items === none) this.items = [item];
    else this.items.push(item);
  }

  peek(): T | undefined {
    return this.items[this.head];
  }

  shift(): T | undefined {
    if (this.head >= this.items.length) return undefined;
    const item = this.items[this.head];
    this.items[this.head++] = undefined;
    if (this.head === this.items.length) {
      this.items.length = 0;
      this.head = 0;
    } else if (this.head > 1024 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return item;
  }

  /** Visits in order. */
  forEach(visit: (item: T) => void): void {
    for (let at = this.head; at < this.items.length; at++) visit(this.items[at]!);
  }

  /** Keeps only what the test accepts, in order, and returns how many went. */
  filter(keep: (item: T) => boolean): number {
    const before = this.length;
    const kept: T[] = [];
    this.forEach((item) => {
      if (keep(item)) kept.push(item);
    });
    this.items = kept;
    this.head = 0;
    return before - kept.length;
  }

  clear(): void {
    this.items = none;
    this.head = 0;
  }
}
