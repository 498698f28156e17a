import type { PropertyKind, PropertyValue } from "./properties.ts";

/** What is wrong with bytes that came. */
export class WireFault extends Error {
  override readonly name = "WireFault";
}

/** Takes the fields of a packet's body one after the other. */
export class Reader {
  private readonly bytes: Buffer;
  private at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  take(count: number): Buffer {
    if (count > this.left) throw new WireFault(`the packet ends ${count - this.left} bytes inside a field`);
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  rest(): Buffer {
    return this.take(this.left);
  }

  byte(): number {
    return this.take(1)[0] ?? 0;
  }

  twoByteInteger(): number {
    return this.take(2).readUInt16BE();
  }

  fourByteInteger(): number {
    return this.take(4).readUInt32BE();
  }

  variableByteInteger(): number {
    let value = 0;
    for (let i = 0; i < 4; i++) {
      const byte = this.byte();
      value += (byte & 0x7f) * 128 ** i;
      if (byte < 0x80) {
        if (byte === 0 && i > 0) throw new WireFault("a Variable Byte Integer has more bytes than its value needs");
        return value;
      }
    }
    throw new WireFault("a Variable Byte Integer has more than four bytes");
  }

  binaryData(): Buffer {
    return this.take(this.twoByteInteger());
  }

  utf8String(): string {
    const bytes = this.binaryData();
    const text = decodeUtf8(bytes);
    if (text.includes("\0")) throw new WireFault("a string contains U+0000");
    return text;
  }

  value(kind: PropertyKind): PropertyValue {
    switch (kind) {
      case "byte":
        return this.byte();
      case "two":
        return this.twoByteInteger();
      case "four":
        return this.fourByteInteger();
      case "variable":
        return this.variableByteInteger();
      case "string":
        return this.utf8String();
      case "binary":
        return this.binaryData();
      case "pair":
        return [this.utf8String(), this.utf8String()];
    }
  }
}

/** A byte order mark is a character like any other. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new WireFault("a string is not well-formed UTF-8");
  }
}
