import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LmdbStore, type StoreOperation, Table } from "./lmdb-store.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as (options?: { type: "minor" }) => void;

let directory: string;
let store: LmdbStore;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "bowline-finished-"));
  store = LmdbStore.open(directory, { create: true });
});

afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true });
});

/** More than fills one of the arrays for the writer thread. */
function transaction(number: number): StoreOperation[] {
  return Array.from({ length: 1_500 }, (_, index) => ({
    table: Table.Users,
    key: Buffer.from(`key ${index}`),
    record: Buffer.from(`${number}`),
  }));
}

function written(number: number): Promise<void> {
  return new Promise((flushed, failed) => {
    store.write(transaction(number), { visible: () => undefined, flushed, failed });
  });
}

test("[G8 broker] what was written is not held until a full collection", async () => {
  await written(0);
  const underway = written(1);
  // Young garbage is collected twice, which makes old what is left: the writes under way.
  collect({ type: "minor" });
  collect({ type: "minor" });
  await underway;
  const before = process.memoryUsage().arrayBuffers;
  for (let number = 2; number < 100; number++) {
    await written(number);
    await new Promise(setImmediate);
    collect({ type: "minor" });
  }
  // Six megabytes if each held the next.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
});
