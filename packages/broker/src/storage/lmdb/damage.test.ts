import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  aMessage,
  aQueueEntry,
  aRule,
  aSession,
  aSubscription,
  aUser,
  bytesOf,
  CrashingProcess,
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
const pageSize = 4096;
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
  storage.putUser(aUser("alice"));
  storage.putRule(aRule("r", 1));
  for (let id = 1; id <= rows; id++) {
    storage.putSession(aSession(id));
    storage.putSubscription(id, aSubscription(`a/${id}/#`));
    storage.putMessage(aMessage(id, { payload: new Uint8Array(id % 50 === 0 ? 9_000 : 300).fill(id) }));
    storage.putQueueEntry(id, aQueueEntry(1, { messageId: id }));
    storage.putInboundIdentifier(id, id);
    storage.putRetained("default", bytesOf(`t/${id}`), id);
    if (id % 20 === 0) await storage.flush();
  }
  // Something is deleted again, so that there are free pages and a list of them.
  for (let id = 1; id <= 40; id++) storage.deleteMessage(id);
  for (let id = 1; id <= 40; id++) {
    storage.deleteRetained("default", bytesOf(`t/${id}`));
    storage.deleteQueueEntry(id, 1);
  }
  await storage.close();
}

function damagePage(page: number, bytes: (at: number) => number): void {
  const content = readFileSync(dataFile);
  for (let at = page * pageSize; at < (page + 1) * pageSize; at++) content[at] = bytes(at);
  writeFileSync(dataFile, content);
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
    const pages = readFileSync(sound).length / pageSize;
    const step = isLong ? 1 : Math.max(1, Math.floor(pages / 8));
    let refused = 0;
    for (let page = isLong ? 0 : seed % step; page < pages; page += step) {
      for (const bytes of [() => 0, (at: number) => Math.imul(at ^ seed, 0x9e3779b1) >>> 24]) {
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

  test("a file that was cut", async () => {
    await fillStore();
    const expected = await contentOf();
    const size = readFileSync(dataFile).length;
    truncateSync(dataFile, size - pageSize);
    await refusedOrWhole(expected);
    for (const length of [Math.floor(size / 2), 2 * pageSize, 100]) {
      truncateSync(dataFile, length);
      await expect(openStorage({ directory })).rejects.toMatchObject({ code: "STORE_DAMAGED" });
    }
  });

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
  test("keeps what can be read, counts what cannot, and keeps the damaged file", async () => {
    await fillStore();
    const content = readFileSync(dataFile);
    const page = Math.floor(content.indexOf(Buffer.alloc(200, 77)) / pageSize);
    damagePage(page, () => 0xab);
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
