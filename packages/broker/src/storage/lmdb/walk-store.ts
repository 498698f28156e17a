import { constants } from "node:os";
import { metaOperation, write } from "./build-store.ts";
import { LmdbStore, MissingRows, Table, tableNames } from "./lmdb-store.ts";
import {
  decodeInbound,
  decodeMessage,
  decodeMeta,
  decodeQueueEntry,
  decodeRetained,
  decodeRule,
  decodeSession,
  decodeSubscription,
  decodeUser,
  metaKey,
} from "./records.ts";
import { RecordReader } from "./record-bytes.ts";
import { formatVersion } from "./store-format.ts";

export interface WalkReport {
  /** Zero with a problem when it cannot be read. */
  format: number;
  /** Rows that were read whole. */
  soundRows: number;
  /** Rows whose checksum or content is wrong. */
  damagedRows: number;
  /** One sentence for each table that could not be read to its end, and for what else is wrong. */
  problems: string[];
}

export const decoders: Readonly<Record<Table, (key: Uint8Array, record: Uint8Array) => unknown>> = {
  [Table.Meta]: decodeMeta,
  [Table.Messages]: decodeMessage,
  [Table.Sessions]: decodeSession,
  [Table.Subscriptions]: decodeSubscription,
  [Table.Queue]: decodeQueueEntry,
  [Table.Inbound]: decodeInbound,
  [Table.Retained]: decodeRetained,
  [Table.Users]: decodeUser,
  [Table.Rules]: decodeRule,
};

/**
 * Reads every row of a store, checks it, and tries one write. Only in a process of its own: LMDB has no checksums, and what it
 * meets in a damaged file ends the process by a signal.
 *
 * `onProgress` is called now and then, so that a caller can tell a long walk from one that turns in a circle.
 */
export async function walkStore(directory: string, onProgress: () => void): Promise<WalkReport> {
  const store = LmdbStore.open(directory, { create: false });
  const report: WalkReport = { format: 0, soundRows: 0, damagedRows: 0, problems: [] };
  const meta = store.get(Table.Meta, metaKey);
  if (meta === undefined) report.problems.push("the version is missing");
  else report.format = decodeMeta(metaKey, meta).format;
  // Of the rows of a later version not even the seal is known; those of an earlier one are looked at more closely when they are migrated.
  if (report.format > formatVersion) return report;
  const isOurs = meta === undefined || report.format === formatVersion;
  for (const table of Object.values(Table)) walkTable(store, table, isOurs ? decoders[table] : readSeal, report, onProgress);
  if (isSound(report) && meta !== undefined && isOurs) await tryWrite(store, meta);
  await store.close();
  return report;
}

export function isSound(report: WalkReport): boolean {
  return report.damagedRows === 0 && report.problems.length === 0;
}

function readSeal(key: Uint8Array, record: Uint8Array): unknown {
  return new RecordReader(key, record);
}

type Decode = (typeof decoders)[Table];

function walkTable(store: LmdbStore, table: Table, decode: Decode, report: WalkReport, onProgress: () => void): void {
  try {
    store.readTable(table, (key, record) => {
      if ((report.soundRows + report.damagedRows) % 10_000 === 0) onProgress();
      if (decodes(decode, key, record)) report.soundRows += 1;
      else report.damagedRows += 1;
    });
  } catch (error) {
    report.problems.push(error instanceof MissingRows ? error.message : `table ${tableNames[table]}: ${String(error)}`);
  }
}

export function decodes(decode: Decode, key: Uint8Array, record: Uint8Array): boolean {
  try {
    decode(key, record);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** Reading never meets the list of free pages, and a write that does so must not be the broker's first. A full disk is no damage. */
async function tryWrite(store: LmdbStore, meta: Uint8Array): Promise<void> {
  try {
    await write(store, [metaOperation(decodeMeta(metaKey, meta))]);
  } catch (error) {
    if ((error as { code?: unknown }).code !== constants.errno.ENOSPC) throw error;
  }
}
