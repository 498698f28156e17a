import { readFileSync } from "node:fs";

/** What a process did with its data file, and what it said meanwhile, in the order in which it happened. */
export type DiskEvent = { /** Bytes of the log with it as the last. */ readonly logged: number } & DiskAct;

type DiskAct =
  | { kind: "write"; offset: number; bytes: Buffer; isSynced: boolean }
  | { kind: "truncate"; length: number }
  | { kind: "flush-begins"; number: number }
  | { kind: "flush-ends"; number: number }
  | { kind: "said"; text: string };

/** `struct head` of watched-disk.c. */
const HEAD_BYTES = 24;

/** Reads what watched-disk.c has written; what a kill cut off at the end is left out. */
export function readDiskLog(path: string): DiskEvent[] {
  const log = readFileSync(path);
  const events: DiskEvent[] = [];
  for (let at = 0; at + HEAD_BYTES <= log.length; ) {
    const kind = log.readUInt32LE(at);
    const number = log.readUInt32LE(at + 4);
    const offset = Number(log.readBigUInt64LE(at + 8));
    const length = Number(log.readBigUInt64LE(at + 16));
    const bytes = log.subarray(at + HEAD_BYTES, at + HEAD_BYTES + length);
    if (bytes.length < length) break;
    at += HEAD_BYTES + length;
    events.push({ logged: at, ...actOf(kind, number, offset, bytes) });
  }
  return events;
}

function actOf(kind: number, number: number, offset: number, bytes: Buffer): DiskAct {
  if (kind === 1 || kind === 2) return { kind: "write", offset, bytes, isSynced: kind === 2 };
  if (kind === 3) return { kind: "truncate", length: offset };
  if (kind === 4) return { kind: "flush-begins", number };
  if (kind === 5) return { kind: "flush-ends", number };
  return { kind: "said", text: bytes.toString() };
}
