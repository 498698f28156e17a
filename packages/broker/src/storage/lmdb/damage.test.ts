import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  aMessage,
  bytesOf,
  changed,
  CrashingProcess,
  damagesOf,
  fillStorage,
  noiseOf,
  PAGE_BYTES,
  readStore,
} from "@bowline/testkit/storage";
import { MqttError } from "@bowline/protocol";
import { openStorage } from "../open-storage.ts";
import { write } from "./build-store.ts";
import { LmdbStore, Table } from "./lmdb-store.ts";
import { encodeMessage, encodeMeta } from "./records.ts";
import type { SalvageReport } from "./salvage-store.ts";

const isLong = process.env["BOWLINE_LONG"] === "1";
const seed = Number(process.env["BOWLINE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const rows = 400;

let directory: string;
let dataFile: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "bowline-damage-"));
  dataFile = join(directory, "data.mdb");
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

async function fillStore(): Promise<void> {
  const storage = await openStorage({ directory });
  await readStore(storage);
  await fillStorage(storage, rows);
  // Something is deleted again, so that there are free pages and a list of them.
  for (let id = 1; id <= 40; id++) storage.deleteMessage(id);
  for (let id = 1; id <= 40; id++) {
    storage.deleteRetained("default", bytesOf(`t/${id}`));
    storage.deleteQueueEntry(id, 1);
  }
  await storage.close();
}

function damagePage(page: number, bytes: (at: number) => number): void {
  writeFileSync(dataFile, changed(readFileSync(dataFile), page * PAGE_BYTES, (page + 1) * PAGE_BYTES, bytes));
}

async function contentOf(options: { onDamage?: "salvage" } = {}): Promise<string> {
  const storage = await openStorage({ directory, ...options });
  try {
    return JSON.stringify(await readStore(storage));
  } finally {
    await storage.close();
  }
}

/** A damaged page is either one that no longer counts, and everything is there, or the start is refused. */
async function refusedOrWhole(expected: string): Promise<"refused" | "whole"> {
  const outcome: unknown = await contentOf().catch((error: unknown) => error);
  const isRefused =
    MqttError.is(outcome) && outcome.code === "STORE_DAMAGED" && outcome.remedy.includes("bowline backup --salvage");
  expect(isRefused ? expected : outcome).toBe(expected);
  return isRefused ? "refused" : "whole";
}

describe("a damaged file", () => {
  test("every page: whatever is damaged, the start is refused or nothing is missing", async () => {
    console.log(`damage test: BOWLINE_SEED=${seed}`);
    await fillStore();
    const expected = await contentOf();
    const sound = join(directory, "sound");
    copyFileSync(dataFile, sound);
    const pages = readFileSync(sound).length / PAGE_BYTES;
    const step = isLong ? 1 : Math.max(1, Math.floor(pages / 4));
    let refused = 0;
    for (let page = isLong ? 0 : seed % step; page < pages; page += step) {
      for (const bytes of [() => 0, noiseOf(seed)]) {
        copyFileSync(sound, dataFile);
        damagePage(page, bytes);
        if ((await refusedOrWhole(expected)) === "refused") refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(0);
  }, 900_000);

  test("one flipped bit in a record", async () => {
    await fillStore();
    const content = readFileSync(dataFile);
    const at = content.indexOf(Buffer.alloc(200, 77)) + 100;
    content[at] = 78;
    writeFileSync(dataFile, content);
    await expect(openStorage({ directory })).rejects.toMatchObject({
      code: "STORE_DAMAGED",
      message: expect.stringContaining("1 damaged rows"),
    });
  });

  test(`each kind: truncated, zeroed, random, one head, both: refused before anything is read, or nothing is missing (BOWLINE_SEED=${seed})`, async () => {
    await fillStore();
    const expected = await contentOf();
    const sound = readFileSync(dataFile);
    for (const { name, content, isFatal } of damagesOf(sound, seed)) {
      writeFileSync(dataFile, content);
      const outcome = await refusedOrWhole(expected);
      expect([name, isFatal ? outcome : "refused or whole"]).toEqual([name, isFatal ? "refused" : "refused or whole"]);
    }
  }, 120_000);

  test("a file that is something else", async () => {
    mkdirSync(directory, { recursive: true });
    writeFileSync(dataFile, "this is no store\n".repeat(2_000));
    await expect(openStorage({ directory })).rejects.toMatchObject({ code: "STORE_DAMAGED" });
  });

  test("damage found only while loading is refused too, and the next start walks the store", async () => {
    await fillStore();
    const store = LmdbStore.open(directory, { create: false });
    const { key, record } = encodeMessage(aMessage(9_999));
    record[record.length - 1] = 0;
    await write(store, [{ table: Table.Messages, key, record }]);
    await store.close();
    const mark = join(directory, "clean");
    const { size, mtimeMs } = statSync(dataFile);
    writeFileSync(mark, JSON.stringify({ size, mtimeMs }));
    const storage = await openStorage({ directory });
    await expect(readStore(storage)).rejects.toMatchObject({ code: "STORE_DAMAGED" });
    expect(() => storage.readMessage(9_999)).toThrow(/^STORE_DAMAGED/);
    await storage.close();
    await expect(openStorage({ directory })).rejects.toMatchObject({ code: "STORE_DAMAGED" });
  });
});

describe("salvage", () => {
  test("keeps what can be read, between damaged pages too, counts what cannot, and keeps the damaged file", async () => {
    await fillStore();
    const content = readFileSync(dataFile);
    // Messages lie in order, about ten on a page.
    for (const id of [77, 330]) damagePage(Math.floor(content.indexOf(Buffer.alloc(200, id % 256)) / PAGE_BYTES), () => 0xab);
    let report: SalvageReport | undefined;
    const storage = await openStorage({ directory, onDamage: "salvage", onSalvaged: (told) => (report = told) });
    const read = await readStore(storage);
    await storage.close();
    const messages = report?.tables["messages"];
    expect(messages?.expected).toBe(rows - 40);
    expect(messages?.kept).toBe(read.messages.length);
    expect(messages?.kept).toBeGreaterThan(rows - 40 - 40);
    expect(messages?.kept).toBeLessThan(rows - 40);
    expect(report?.tables["sessions"]).toEqual({ expected: rows, kept: rows });
    expect(report?.tables["users"]).toEqual({ expected: 1, kept: 1 });
    const known = new Set(read.messages.map((message) => message.id));
    expect(read.retained.every((row) => known.has(row.messageId))).toBe(true);
    expect(read.sessions.every((loaded) => loaded.queue.every((entry) => known.has(entry.messageId)))).toBe(true);
    expect(readdirSync(directory).filter((name) => name.startsWith("damaged-"))).toHaveLength(1);
    expect(storage.nextMessageId).toBeGreaterThan(rows);
  });

  test("a file of which nothing can be read gives an empty store and keeps the file", async () => {
    writeFileSync(dataFile, "this is no store\n".repeat(2_000));
    let report: SalvageReport | undefined;
    const storage = await openStorage({ directory, onDamage: "salvage", onSalvaged: (told) => (report = told) });
    expect((await readStore(storage)).calls).toEqual([]);
    await storage.close();
    expect(report?.tables["messages"]).toEqual({ expected: undefined, kept: 0 });
    expect(readdirSync(directory).filter((name) => name.startsWith("damaged-"))).toHaveLength(1);
  });
});

describe("other bad folders", () => {
  for (const [format, code, sentence] of [
    [99, "STORE_NEWER", "the store was written by a newer version"],
    [0, "STORE_OLDER", "the store's format is older than any this version can bring up to date"],
  ] as const) {
    test(`format ${format} is refused by name, after a clean and after an unclean stop, and stays as it is`, async () => {
      await fillStore();
      const store = LmdbStore.open(directory, { create: false });
      await write(store, [{ table: Table.Meta, ...encodeMeta({ format, nextMessageId: 1, nextSessionId: 1 }) }]);
      await store.close();
      const { size, mtimeMs } = statSync(dataFile);
      const before = readFileSync(dataFile);
      for (const mark of [JSON.stringify({ size, mtimeMs }), "unclean"]) {
        for (const onDamage of ["refuse", "salvage"] as const) {
          writeFileSync(join(directory, "clean"), mark);
          await expect(openStorage({ directory, onDamage })).rejects.toMatchObject({
            code,
            message: `${code}: ${sentence}: its format is ${format}, this version reads 1`,
          });
        }
      }
      expect(Buffer.compare(before, readFileSync(dataFile))).toBe(0);
    });
  }

  test("a folder that is a file", async () => {
    const path = join(directory, "file");
    writeFileSync(path, "");
    await expect(openStorage({ directory: path })).rejects.toMatchObject({ code: "STORE_UNREADABLE" });
  });

  test("a folder of somebody else", async (context) => {
    const closed = join(directory, "closed");
    mkdirSync(closed, { mode: 0o700 });
    chmodSync(directory, 0o755);
    // Nothing is closed to root, so somebody else has to try.
    const isRoot = process.getuid?.() === 0;
    if (!isRoot) chmodSync(closed, 0o000);
    const stranger = new CrashingProcess(closed, isRoot ? { process: { uid: 65_534, gid: 65_534 } } : {});
    await stranger.ended();
    context.skip(stranger.failure === undefined, "another user may not read the built files here");
    expect(stranger.failure).toMatchObject({ failed: "STORE_UNREADABLE" });
  });
});
