import { linkSync, rmSync } from "node:fs";
import { join } from "node:path";
import { buildStore, metaOperation, rowsAtATime, write } from "./build-store.ts";
import { LmdbStore, type StoreOperation, Table } from "./lmdb-store.ts";
import { RecordReader } from "./record-bytes.ts";
import type { MetaRow } from "./records.ts";
import { type FormatStep, type StoreFormats, type StoreRow, stepsFrom } from "./store-format.ts";

export interface MigrationReport {
  from: number;
  to: number;
  /** Rows of the new store. */
  rows: number;
  /** The store as it was. It is never deleted, so that the version that wrote it can be gone back to. */
  formerFile: string;
}

/**
 * Brings a store of an older format up to date: every row goes through the steps into a new file, which takes the old one's place
 * when it is complete and on the disk. A crash before that leaves the old store, and the next start begins anew; one after it finds the new
 * store. The caller holds the lock, has the store closed, and knows that there are steps.
 *
 * @throws RangeError for a damaged record, MissingRows for a damaged tree, an error with `code` for a disk that is full
 */
export async function migrateStore(directory: string, meta: MetaRow, formats: StoreFormats): Promise<MigrationReport> {
  const steps = stepsFrom(meta.format, formats) ?? [];
  const formerFile = join(directory, `format-${meta.format}.mdb`);
  const former = LmdbStore.open(directory, { create: false });
  let rows = 0;
  try {
    await buildStore(directory, async (store) => {
      rows = await copyRows(former, store, steps);
      await write(store, [metaOperation({ ...meta, format: formats.current })]);
      // Of an attempt that a crash ended at this place.
      rmSync(formerFile, { force: true });
      linkSync(join(directory, "data.mdb"), formerFile);
    });
  } finally {
    await former.close();
  }
  return { from: meta.format, to: formats.current, rows, formerFile };
}

/** A table at a time is held in memory, as the whole store is a moment later. */
async function copyRows(from: LmdbStore, to: LmdbStore, steps: readonly FormatStep[]): Promise<number> {
  let count = 0;
  for (const table of Object.values(Table).filter((each) => each !== Table.Meta)) {
    const rows: StoreOperation[] = [];
    from.readTable(table, (key, record) => rows.push(...migrated({ table, key, record: sealed(key, record) }, steps)));
    for (let at = 0; at < rows.length; at += rowsAtATime) await write(to, rows.slice(at, at + rowsAtATime));
    count += rows.length;
  }
  return count;
}

/** The seal is the same in all formats. */
function sealed(key: Uint8Array, record: Uint8Array): Uint8Array {
  new RecordReader(key, record);
  return record;
}

function migrated(row: StoreRow, steps: readonly FormatStep[]): StoreRow[] {
  return steps.reduce<StoreRow[]>((rows, step) => rows.flatMap((each) => [...step.migrate(each)]), [row]);
}
