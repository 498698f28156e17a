/** Cuts a stream of bytes into packets. */
export class Frames {
  private bytes: Buffer = Buffer.alloc(0);

  /** Whole packets that are there now; a length of more than four bytes gives all that came as one. */
  push(chunk: Uint8Array): Buffer[] {
    this.bytes = Buffer.concat([this.bytes, chunk]);
    const whole: Buffer[] = [];
    for (let size = this.firstSize(); size > 0 && size <= this.bytes.length; size = this.firstSize()) {
      whole.push(this.bytes.subarray(0, size));
      this.bytes = this.bytes.subarray(size);
    }
    return whole;
  }

  /** Bytes of a packet whose end has not come. */
  get incomplete(): Buffer {
    return this.bytes;
  }

  /** Of the first packet with its header; 0 while its length is not there. */
  private firstSize(): number {
    let length = 0;
    for (let i = 1; i <= 4; i++) {
      const byte = this.bytes[i];
      if (byte === undefined) return 0;
      length += (byte & 0x7f) * 128 ** (i - 1);
      if (byte < 0x80) return 1 + i + length;
    }
    return this.bytes.length;
  }
}
