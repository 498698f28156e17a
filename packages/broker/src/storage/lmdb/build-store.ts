import { mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { LmdbStore, type StoreOperation, Table } from "./lmdb-store.ts";
import { syncDirectory } from "./clean-mark.ts";
import { encodeMeta, type MetaRow } from "./records.ts";
import { writeFailure } from "./write-failure.ts";

/** Rows of one transaction while a store is filled. */
export const rowsAtATime = 1_000;

/** Makes a store aside, lets `fill` write into it, and moves it into place: a kill in between leaves no half store behind. */
export async function buildStore(directory: string, fill: (store: LmdbStore) => Promise<void>): Promise<void> {
  const aside = join(directory, "new");
  rmSync(aside, { recursive: true, force: true });
  mkdirSync(aside, { mode: 0o700 });
  const store = LmdbStore.open(aside, { create: true });
  try {
    await fill(store);
  } catch (error) {
    await store.close();
    rmSync(aside, { recursive: true });
    throw error;
  }
  await store.close();
  renameSync(join(aside, "data.mdb"), join(directory, "data.mdb"));
  syncDirectory(directory);
  rmSync(aside, { recursive: true });
}

/** One transaction, awaited; for the times when nothing else is written. The error has LMDB's number or an errno as `code`. */
export function write(store: LmdbStore, operations: readonly StoreOperation[]): Promise<void> {
  return new Promise((resolve, reject) => {
    store.write(operations, {
      visible() {},
      flushed: resolve,
      failed: (code) => reject(Object.assign(new Error(writeFailure(code)), { code })),
    });
  });
}

export function metaOperation(meta: MetaRow): StoreOperation {
  return { table: Table.Meta, ...encodeMeta(meta) };
}
