import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { write } from "./build-store.ts";
import { LmdbStore, MissingRows, type StoreOperation, Table } from "./lmdb-store.ts";

let directory: string;
let store: LmdbStore;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "bowline-lmdb-"));
  store = LmdbStore.open(directory, { create: true });
});

afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true });
});

function put(key: string, value: string = key): StoreOperation {
  return { table: Table.Users, key: Buffer.from(key), record: Buffer.from(value) };
}

function remove(key: string): StoreOperation {
  return { table: Table.Users, key: Buffer.from(key), record: undefined };
}

function keys(reverse: boolean = false): string[] {
  const found: string[] = [];
  store.readTable(Table.Users, (key) => found.push(Buffer.from(key).toString()), reverse);
  return found;
}

/** What is told of one transaction, in order, once it is on the disk. */
function writeAndListen(operations: StoreOperation[]): Promise<string[]> {
  const told: string[] = [];
  return new Promise((resolve) => {
    store.write(operations, {
      visible: () => told.push(`visible ${store.get(Table.Users, Buffer.from("a")) !== undefined}`),
      flushed: () => {
        told.push("flushed");
        setImmediate(() => resolve(told));
      },
      failed: (code) => told.push(`failed ${code}`),
    });
  });
}

test("the writer tells visible, when readers see it, and then flushed, each once", async () => {
  // A read in the same turn must not pin the state from before.
  expect(store.get(Table.Users, Buffer.from("a"))).toBeUndefined();
  expect(await writeAndListen([put("a")])).toEqual(["visible true", "flushed"]);
});

test("the next transaction may be written while the one before is flushed", async () => {
  const flushes: Promise<void>[] = [];
  for (let index = 0; index < 50; index++) {
    await new Promise<void>((visible) => {
      flushes.push(
        new Promise((flushed, failed) => {
          store.write([put(`k${index}`)], { visible, flushed, failed });
        }),
      );
    });
  }
  await Promise.all(flushes);
  expect(keys()).toHaveLength(50);
});

test("later operations of a transaction win over earlier ones", async () => {
  await write(store, [put("a", "1"), put("a", "2"), put("b"), remove("b"), remove("never there")]);
  expect(Buffer.from(store.get(Table.Users, Buffer.from("a")) ?? []).toString()).toBe("2");
  expect(keys()).toEqual(["a"]);
});

test("a transaction may be larger than every buffer of the library", async () => {
  const operations = Array.from({ length: 20_000 }, (_, index) =>
    put(`key ${String(index).padStart(6, "0")}`, "x".repeat(index % 7_000)),
  );
  await write(store, operations);
  expect(keys()).toHaveLength(20_000);
  expect(keys(true)).toEqual(keys().toReversed());
  expect(store.rowCount(Table.Users)).toBe(20_000);
  expect(store.usedBytes).toBeGreaterThan(20_000 * 3_000);
  expect(store.fileBytes).toBeGreaterThanOrEqual(store.usedBytes);
});

test("keysBelow finds the keys of a prefix and no others", async () => {
  await write(
    store,
    ["a1", "a2", "a3", "b", "a"].map((key) => put(key)),
  );
  expect(store.keysBelow(Table.Users, Buffer.from("a"), 3).map((key) => Buffer.from(key).toString())).toEqual(["a", "a1", "a2"]);
  expect(store.keysBelow(Table.Users, Buffer.from("a"), 9)).toHaveLength(4);
  expect(store.keysBelow(Table.Users, Buffer.from("c"), 9)).toEqual([]);
});

test("a store without its tables is not made whole in silence", async () => {
  const empty = mkdtempSync(join(tmpdir(), "bowline-lmdb-"));
  expect(() => LmdbStore.open(empty, { create: false })).toThrow(MissingRows);
  await new Promise(setImmediate);
  rmSync(empty, { recursive: true });
});
