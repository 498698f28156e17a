import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { aQueueEntry, aSession, aSubscription, readStore } from "@bowline/testkit/storage";
import { openStorage } from "../open-storage.ts";
import type { Storage } from "../storage.ts";
import { write } from "./build-store.ts";
import { LmdbStore, Table } from "./lmdb-store.ts";
import { encodeQueueEntry } from "./records.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "bowline-sweep-"));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** Rows of the queue table, also those that load leaves out. */
async function queueRows(): Promise<number> {
  const store = LmdbStore.open(directory, { create: false });
  const count = store.rowCount(Table.Queue);
  await store.close();
  return count;
}

/** Sweeping happens beside other writing; each of these commits lets it take a step. */
async function takeTurns(storage: Storage, turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    storage.putInboundIdentifier(2, turn + 1);
    await storage.flush();
  }
}

test("a session with many rows goes at once and its rows in steps", async () => {
  const storage = await openStorage({ directory });
  storage.putSession(aSession(1));
  storage.putSession(aSession(2));
  storage.putSubscription(1, aSubscription("a"));
  for (let sequence = 1; sequence <= 3_000; sequence++) storage.putQueueEntry(1, aQueueEntry(sequence));
  storage.putQueueEntry(2, aQueueEntry(1));
  await storage.flush();
  storage.deleteSession(1);
  await storage.flush();
  await takeTurns(storage, 20);
  await storage.close();
  expect(await queueRows()).toBe(1);
});

test("what a crash left below a deleted session is not handed over, and swept up after the load", async () => {
  await (await openStorage({ directory })).close();
  const store = LmdbStore.open(directory, { create: false });
  const rows = Array.from({ length: 1_200 }, (_, index) => ({
    table: Table.Queue,
    ...encodeQueueEntry(7, aQueueEntry(index + 1)),
  }));
  await write(store, rows);
  await store.close();
  const storage = await openStorage({ directory });
  expect((await readStore(storage)).calls).toEqual([]);
  await takeTurns(storage, 20);
  await storage.close();
  expect(await queueRows()).toBe(0);
});
