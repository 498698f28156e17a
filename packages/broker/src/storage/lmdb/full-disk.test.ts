import { mkdirSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, type TestContext } from "vitest";
import { aMessage, readStore, SmallDisk } from "@bowline/testkit/storage";
import { MqttError } from "@bowline/protocol";
import type { Storage, StorageHealth } from "../storage.ts";
import { write } from "./build-store.ts";
import { LmdbStore, type StoreOperation, Table } from "./lmdb-store.ts";
import { openLmdbStorage } from "./open-lmdb-storage.ts";

let disk: SmallDisk;

beforeEach(() => {
  disk = new SmallDisk();
});

afterEach(() => disk.remove());

function skipUnlessMounted(context: TestContext): void {
  context.skip(disk.missing !== "", disk.missing);
}

function open(options: { maximumBytes?: number; directory?: string } = {}): Promise<Storage> {
  const defaults = {
    directory: disk.store,
    durability: "durable",
    maximumBytes: 2 ** 40,
    onDamage: "refuse",
    retryDelayMs: 100,
  } as const;
  return openLmdbStorage({ ...defaults, onSalvaged() {}, ...options });
}

function healthOf(storage: Storage, state: StorageHealth["state"]): Promise<StorageHealth> {
  return new Promise((resolve) => {
    storage.onHealth = (health) => {
      if (health.state === state) resolve(health);
    };
  });
}

/** Messages that wait for their commit: all that a slow machine takes beyond the limit must find room when there is some again. */
const BACKLOG = 50;

/** Appends a message of 20 kB each turn until the storage refuses; the result is the last one it took. */
async function appendUntilRefused(storage: Storage, from: number, commits: Map<number, number>): Promise<number> {
  for (let id = from; ; id++) {
    let commit = 0;
    try {
      commit = storage.putMessage(aMessage(id, { payload: new Uint8Array(20_000).fill(id) }));
      commits.set(id, commit);
    } catch (error) {
      if (MqttError.is(error) && error.code === "STORE_READ_ONLY") return id - 1;
      throw error;
    }
    do await new Promise(setImmediate);
    while (storage.health.state === "ok" && commit - storage.committed > BACKLOG);
  }
}

describe("a disk that fills", () => {
  test("while it runs: read-only, nothing new is taken, nothing kept is lost, and it recovers by itself", async (context) => {
    skipUnlessMounted(context);
    disk.fill(3 * 2 ** 20);
    const storage = await open();
    await readStore(storage);
    const becomesReadOnly = healthOf(storage, "read-only");
    const commits = new Map<number, number>();
    const last = await appendUntilRefused(storage, 1, commits);
    expect(await becomesReadOnly).toMatchObject({ state: "read-only", cause: expect.stringMatching(/ENOSPC|EIO/) as string });
    expect(storage.health.state).toBe("read-only");
    expect(commits.get(last)).toBeGreaterThan(storage.committed);
    expect(() => storage.deleteMessage(1)).toThrow(/^STORE_READ_ONLY: the store takes no more writes: the disk/);
    await expect(storage.flush()).rejects.toMatchObject({ code: "STORE_READ_ONLY" });
    await expectCommitted(storage, commits);

    const recovers = healthOf(storage, "ok");
    disk.clear();
    await recovers;
    await storage.flush();
    expect(storage.committed).toBe(commits.get(last));
    storage.putMessage(aMessage(last + 1));
    await storage.close();
    const reopened = await open();
    expect((await readStore(reopened)).messages.map((message) => message.id)).toEqual(
      Array.from({ length: last + 1 }, (_, index) => index + 1),
    );
    await reopened.close();
  });

  test("at start-up: the start ends with STORE_FULL, and what is stored stays", async (context) => {
    skipUnlessMounted(context);
    const storage = await open();
    storage.putMessage(aMessage(1));
    await storage.close();
    disk.fill();
    await expect(open()).rejects.toMatchObject({ code: "STORE_FULL" });
    disk.clear();
    const reopened = await open();
    expect((await readStore(reopened)).messages).toEqual([aMessage(1)]);
    await reopened.close();
  });

  test("at the very first start", async (context) => {
    skipUnlessMounted(context);
    disk.fill();
    await expect(open()).rejects.toMatchObject({ code: "STORE_FULL" });
    disk.clear();
    await (await open()).close();
  });

  test("closed while full: closing says so, and what was committed is there", async (context) => {
    skipUnlessMounted(context);
    const storage = await open();
    await readStore(storage);
    const commits = new Map<number, number>();
    await appendUntilRefused(storage, 1, commits);
    const { committed } = storage;
    await expect(storage.close()).rejects.toMatchObject({ code: "STORE_READ_ONLY" });
    // There is no room to open it again where it is.
    await disk.elsewhere(async (directory) => {
      const reopened = await open({ directory });
      const ids = new Set((await readStore(reopened)).messages.map((message) => message.id));
      for (const [id, commit] of commits) expect(ids.has(id) || commit > committed).toBe(true);
      await reopened.close();
    });
  });
});

/** Reads what a kill now would leave. */
async function expectCommitted(storage: Storage, commits: Map<number, number>): Promise<void> {
  await disk.elsewhere(async (directory) => {
    const copy = await open({ directory });
    const ids = new Set((await readStore(copy)).messages.map((message) => message.id));
    for (const [id, commit] of commits) expect(ids.has(id)).toBe(commit <= storage.committed);
    await copy.close();
  });
}

test("LMDB is not asked to write where there is no room: the system's answer would be an error that harms the process", async (context) => {
  skipUnlessMounted(context);
  mkdirSync(disk.store);
  const store = LmdbStore.open(disk.store, { create: true });
  const { bavail, bsize } = statfsSync(disk.store);
  disk.fill(bavail * bsize - 512 * 1_024);
  const small: StoreOperation = { table: Table.Users, key: Buffer.from("a"), record: Buffer.from("a") };
  const full = { code: constants.errno.ENOSPC, message: "the disk is full (ENOSPC)" };
  await expect(write(store, [small])).rejects.toMatchObject(full);
  disk.clear();
  const large: StoreOperation = { ...small, record: new Uint8Array(7.5 * 2 ** 20) };
  await expect(write(store, [large])).rejects.toMatchObject(full);
  await write(store, [small]);
  await store.close();
});

describe("the size limit", () => {
  test("refuses what grows, lets what shrinks go on, and opens again when there is room", async () => {
    const directory = mkdtempSync(join(tmpdir(), "bowline-size-limit-"));
    const storage = await open({ maximumBytes: 2 * 2 ** 20, directory });
    await readStore(storage);
    const commits = new Map<number, number>();
    const becomesReadOnly = healthOf(storage, "read-only");
    const last = await appendUntilRefused(storage, 1, commits);
    expect(await becomesReadOnly).toMatchObject({ cause: "the store has reached its limit of 2097152 bytes" });
    await storage.flush();
    expect(storage.committed).toBe(commits.get(last));
    const recovers = healthOf(storage, "ok");
    // All of them: while commits are slow more is taken than the limit, and half of that may be above it still.
    for (let id = 1; id <= last; id++) storage.deleteMessage(id);
    await recovers;
    storage.putMessage(aMessage(last + 1));
    await storage.close();
    rmSync(directory, { recursive: true });
  });
});
