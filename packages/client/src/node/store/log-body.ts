import type { StoreChange } from "../../store/session-store.ts";

/** Length of a record that is removed. */
const REMOVED = 0xffff_ffff;

/** Changes as the body of a frame, in pieces, and where in it each value begins: [length of key, key, length of value, value]. */
export function encodeChanges(changes: readonly StoreChange[]): { parts: Uint8Array[]; offsets: number[] } {
  const heads = Buffer.allocUnsafe(changes.reduce((sum, [key]) => sum + 6 + Buffer.byteLength(key), 0));
  const parts: Uint8Array[] = [];
  const offsets: number[] = [];
  let from = 0;
  let at = 0;
  let size = 0;
  for (const [key, value] of changes) {
    const keyBytes = heads.write(key, at + 2);
    heads.writeUInt16LE(keyBytes, at);
    heads.writeUInt32LE(value === undefined ? REMOVED : value.length, at + 2 + keyBytes);
    size += 6 + keyBytes;
    at += 6 + keyBytes;
    offsets.push(size);
    if (value === undefined || value.length === 0) continue;
    parts.push(heads.subarray(from, at), value);
    from = at;
    size += value.length;
  }
  if (from < at) parts.push(heads.subarray(from, at));
  return { parts: parts.length <= PIECES ? parts : [Buffer.concat(parts, size)], offsets };
}

/** A system takes no more in one call (IOV_MAX), and a copy is faster than a second one. */
const PIECES = 256;

/** @throws RangeError for what `encodeChanges` did not write. */
export function* decodeChanges(
  body: Buffer,
): Generator<{ readonly key: string; readonly value: Uint8Array | undefined; readonly offset: number }> {
  for (let at = 0; at < body.length; ) {
    const keyBytes = body.readUInt16LE(at);
    const key = body.toString("utf8", at + 2, at + 2 + keyBytes);
    const length = body.readUInt32LE(at + 2 + keyBytes);
    const offset = at + 6 + keyBytes;
    at = length === REMOVED ? offset : offset + length;
    if (at > body.length) throw new RangeError("a record ends outside of its frame");
    yield { key, value: length === REMOVED ? undefined : body.subarray(offset, at), offset };
  }
}
