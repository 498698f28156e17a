import { Buffer } from "node:buffer";
import { type Bytes, installBytes } from "@bowline/protocol/internal";

const { copy, latin1Slice, utf8Write } = Buffer.prototype as unknown as {
  copy: (this: Uint8Array, target: Uint8Array, targetStart: number, sourceStart: number, sourceEnd: number) => number;
  latin1Slice: (this: Uint8Array, start: number, end: number) => string;
  utf8Write: (this: Uint8Array, text: string, at: number) => number;
};

/** Buffer's functions, two to three times faster than the standard ones in Node; they take any Uint8Array. */
const nodeBytes: Bytes = {
  copy(source, target, targetStart, sourceStart, sourceEnd) {
    copy.call(source, target, targetStart, sourceStart, sourceEnd);
  },
  latin1: (source, start, end) => latin1Slice.call(source, start, end),
  writeUtf8: (target, text, at) => utf8Write.call(target, text, at),
  alloc: (size) => Buffer.allocUnsafeSlow(size),
};

/** Called once by whoever starts a broker. */
export function useNodeBytes(): void {
  installBytes(nodeBytes);
}
