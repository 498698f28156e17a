import { readSync, writeSync } from "node:fs";
import type { Table } from "./lmdb-store.ts";

/** The rows a salvage could read, one after the other in a file, each written at once since the writer may end by a signal. */
export interface SpoolRow {
  table: Table;
  key: Uint8Array;
  record: Uint8Array;
}

/** Table, bytes of the key, bytes of the record. */
const headBytes = 7;

export function writeSpoolRow(file: number, { table, key, record }: SpoolRow): void {
  const head = Buffer.allocUnsafe(headBytes);
  head.writeUInt8(table, 0);
  head.writeUInt16BE(key.length, 1);
  head.writeUInt32BE(record.length, 3);
  writeSync(file, Buffer.concat([head, key, record]));
}

/** Begins at a place of the file, and ends at the first row that is not whole. */
export function* readSpool(file: number, from: number = 0): Generator<SpoolRow> {
  for (let at = from; ; ) {
    const head = readExactly(file, at, headBytes);
    if (head === undefined) return;
    const keyBytes = head.readUInt16BE(1);
    const recordBytes = head.readUInt32BE(3);
    const key = readExactly(file, at + headBytes, keyBytes);
    const record = readExactly(file, at + headBytes + keyBytes, recordBytes);
    if (key === undefined || record === undefined) return;
    yield { table: head.readUInt8(0) as Table, key, record };
    at += headBytes + keyBytes + recordBytes;
  }
}

function readExactly(file: number, from: number, length: number): Buffer | undefined {
  const bytes = Buffer.allocUnsafe(length);
  let at = 0;
  while (at < length) {
    const count = readSync(file, bytes, at, length - at, from + at);
    if (count === 0) return undefined;
    at += count;
  }
  return bytes;
}
