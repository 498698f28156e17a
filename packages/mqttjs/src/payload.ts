import { placeOf } from "@bowline/protocol/internal";

/**
 * What applications of MQTT.js do with a payload in a page that has no Buffer: text, comparison, slices and JSON. The text forms
 * are those of Buffer, without its 16-bit ones.
 */
class PageBuffer extends Uint8Array {
  override toString(encoding = "utf8", start = 0, end: number = this.length): string {
    const bytes = this.subarray(start, end);
    switch (encoding.toLowerCase()) {
      case "utf8":
      case "utf-8":
        return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
      case "hex":
        return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
      case "latin1":
      case "binary":
        return latin1(bytes);
      case "ascii":
        return latin1(bytes.map((byte) => byte & 0x7f));
      case "base64":
        return btoa(latin1(bytes));
      case "base64url":
        return btoa(latin1(bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
      default:
        throw new TypeError(`Unknown encoding: ${encoding}`);
    }
  }

  equals(other: Uint8Array): boolean {
    return this.length === other.length && this.every((byte, index) => byte === other[index]);
  }

  /** A view of the same bytes, as Buffer's is. */
  override slice(start?: number, end?: number): PageBuffer {
    return this.subarray(start, end) as PageBuffer;
  }

  toJSON(): { type: "Buffer"; data: number[] } {
    return { type: "Buffer", data: [...this] };
  }
}

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

let host: typeof Buffer | undefined;

/** The same bytes as applications of MQTT.js expect them: a Buffer where the host has one. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return bufferOf(bytes, 0, bytes.length);
}

/** The same of a part: one view, since each message has one. */
export function bufferOf(bytes: Uint8Array, start: number, end: number): Buffer {
  const { buffer, byteOffset } = placeOf(bytes);
  // In Node the global is a getter. A page may get one later.
  host ??= (globalThis as { Buffer?: typeof Buffer }).Buffer;
  if (host !== undefined) return host.from(buffer as ArrayBuffer, byteOffset + start, end - start);
  return new PageBuffer(buffer as ArrayBuffer, byteOffset + start, end - start) as unknown as Buffer;
}
