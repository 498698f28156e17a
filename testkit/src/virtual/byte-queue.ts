/** Byte arrays in a row, taken from the front at any byte. */
export class ByteQueue {
  private readonly arrays: Uint8Array[] = [];
  private offset = 0;
  private bytes = 0;

  get size(): number {
    return this.bytes;
  }

  push(array: Uint8Array): void {
    if (array.length === 0) return;
    this.arrays.push(array);
    this.bytes += array.length;
  }

  /** A copy of the first `count` bytes, which leave the queue. */
  take(count: number): Uint8Array {
    const taken = new Uint8Array(Math.min(count, this.bytes));
    for (let at = 0; at < taken.length; ) {
      const first = this.arrays[0]!;
      const part = first.subarray(this.offset, this.offset + taken.length - at);
      taken.set(part, at);
      at += part.length;
      this.offset += part.length;
      if (this.offset === first.length) {
        this.arrays.shift();
        this.offset = 0;
      }
    }
    this.bytes -= taken.length;
    return taken;
  }

  clear(): void {
    this.arrays.length = 0;
    this.offset = 0;
    this.bytes = 0;
  }
}
