import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aMessage, aQueueEntry, aSession, aUser, readStore } from "@bowline/testkit/storage";
import { seededRandom } from "@bowline/testkit/virtual";
import { open } from "lmdb";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Storage } from "../storage.ts";
import { metaOperation, write } from "./build-store.ts";
import { LmdbStore, MissingRows, Table, tableNames } from "./lmdb-store.ts";
import type { MigrationReport } from "./migrate-store.ts";
import { openLmdbStorage } from "./open-lmdb-storage.ts";
import { decodeUser, encodeUser } from "./records.ts";
import { type StoreFormats, stepsFrom } from "./store-format.ts";

const seed = Number(process.env["BOWLINE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const KILLS = process.env["BOWLINE_LONG"] === "1" ? 50 : 5;
/** About what one takes, so that a kill may come anywhere in it. */
const MIGRATION_MS = 100;

let directory: string;
let told: MigrationReport[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "bowline-migrate-"));
  told = [];
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** Two versions from now: format 2 renames users, format 3 gives each a companion. */
const later: StoreFormats = {
  current: 3,
  steps: [
    {
      from: 2,
      migrate: (row) => {
        if (row.table !== Table.Users) return [row];
        const user = decodeUser(row.key, row.record);
        return [row, { ...row, ...encodeUser({ ...user, username: `${user.username}'s friend` }) }];
      },
    },
    {
      from: 1,
      migrate: (row) => {
        if (row.table !== Table.Users) return [row];
        const user = decodeUser(row.key, row.record);
        return [{ ...row, ...encodeUser({ ...user, username: user.username.toUpperCase() }) }];
      },
    },
  ],
};

/** One version ago: nothing has changed but the number. */
const earlier: StoreFormats = { current: 1, steps: [{ from: 0, migrate: (row) => [row] }] };

function openWith(formats?: StoreFormats, onDamage: "refuse" | "salvage" = "refuse"): Promise<Storage> {
  return openLmdbStorage({
    directory,
    durability: "durable",
    maximumBytes: 2 ** 40,
    onDamage,
    onSalvaged() {},
    onMigrated: (report) => told.push(report),
    retryDelayMs: 100,
    ...(formats === undefined ? {} : { formats }),
  });
}

async function fill(): Promise<void> {
  const storage = await openWith();
  await readStore(storage);
  for (const name of ["alice", "bob"]) storage.putUser(aUser(name));
  for (let id = 1; id <= 1_500; id++) storage.putMessage(aMessage(id));
  storage.putSession(aSession(7));
  for (let id = 1; id <= 1_500; id++) storage.putQueueEntry(7, aQueueEntry(id, { messageId: id }));
  await storage.close();
}

async function contentWith(formats?: StoreFormats): Promise<object> {
  const storage = await openWith(formats);
  const { messages, sessions, users } = await readStore(storage);
  const names = users.map(({ username }) => username).sort();
  const found = { messages: messages.length, queue: sessions[0]?.queue.length, names, nextSessionId: storage.nextSessionId };
  await storage.close();
  return found;
}

const asWritten = { messages: 1_500, queue: 1_500, names: ["alice", "bob"], nextSessionId: 107 };
const upToDate = { ...asWritten, names: ["ALICE", "ALICE's friend", "BOB", "BOB's friend"] };

describe("a store of an older format", () => {
  test.each(["clean", "unclean"])("is brought up to date step by step after a %s stop, once, and kept as it was", async (stop) => {
    await fill();
    if (stop === "unclean") rmSync(join(directory, "clean"));
    expect(await contentWith(later)).toEqual(upToDate);
    expect(told).toEqual([{ from: 1, to: 3, rows: 3_005, formerFile: join(directory, "format-1.mdb") }]);
    expect(await contentWith(later)).toEqual(upToDate);
    expect(told).toHaveLength(1);
  });

  test("is refused by name by the version that wrote it, until the file of then is put back", async () => {
    await fill();
    await contentWith(later);
    await expect(openWith()).rejects.toMatchObject({
      code: "STORE_NEWER",
      message: expect.stringContaining("its format is 3, this version reads 1"),
    });
    rmSync(join(directory, "data.mdb"));
    copyFileSync(join(directory, "format-1.mdb"), join(directory, "data.mdb"));
    expect(await contentWith()).toEqual(asWritten);
  });

  test.each([
    ["while it is written", false],
    ["just before it takes its place", true],
  ])("whose migration a crash ended %s is whole, and the next start begins anew", async (_when, hasFormer) => {
    await fill();
    // What such a crash leaves: half a new store aside, perhaps the second name of the old one.
    const aside = join(directory, "new");
    mkdirSync(aside);
    copyFileSync(join(directory, "data.mdb"), join(aside, "data.mdb"));
    truncateSync(join(aside, "data.mdb"), 40_960);
    if (hasFormer) linkSync(join(directory, "data.mdb"), join(directory, "format-1.mdb"));
    rmSync(join(directory, "clean"));
    expect(await contentWith(later)).toEqual(upToDate);
    expect(existsSync(aside)).toBe(false);
  });

  test(`whose migration is killed -9 at any moment is the old one or the new one, whole (BOWLINE_SEED=${seed})`, async () => {
    const random = seededRandom(seed);
    const program = new URL("./open-lmdb-storage.js", import.meta.url.replace("/src/storage/", "/dist/storage/"));
    const options = `{directory: ${JSON.stringify(directory)}, durability: "durable", maximumBytes: 1e12, onDamage: "refuse", onSalvaged() {}`;
    const formats = `{current: 2, steps: [{from: 1, migrate: (row) => [row]}]}`;
    const script = `import { openLmdbStorage } from ${JSON.stringify(program.href)}; process.stdout.write("."); await openLmdbStorage(${options}, retryDelayMs: 100, formats: ${formats}});`;
    const next: StoreFormats = { current: 2, steps: [{ from: 1, migrate: (row) => [row] }] };
    for (let kill = 0; kill < KILLS; kill++) {
      await fill();
      const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
      const ended = once(child, "exit");
      await once(child.stdout, "data");
      await new Promise((resolve) => setTimeout(resolve, random() * MIGRATION_MS));
      child.kill("SIGKILL");
      await ended;
      expect(await contentWith(next)).toEqual(asWritten);
      expect(readdirSync(directory)).toContain("format-1.mdb");
      rmSync(directory, { recursive: true });
    }
    mkdirSync(directory);
  }, 120_000);

  test("that is damaged is refused as such, and nothing of it is changed", async () => {
    await fill();
    const content = readFileSync(join(directory, "data.mdb"));
    content[content.indexOf("alice") + 1] = 0;
    writeFileSync(join(directory, "data.mdb"), content);
    await expect(openWith(later)).rejects.toMatchObject({ code: "STORE_DAMAGED" });
    expect(readdirSync(directory)).not.toContain("format-1.mdb");
    expect(Buffer.compare(readFileSync(join(directory, "data.mdb")), content)).toBe(0);
  });

  test("without steps that lead here is refused by name", async () => {
    await fill();
    const [fromTwo] = later.steps;
    const gap = { current: 3, steps: [fromTwo!] };
    expect(stepsFrom(1, gap)).toBeUndefined();
    await expect(openWith(gap)).rejects.toMatchObject({
      code: "STORE_OLDER",
      message: expect.stringContaining("its format is 1, this version reads 3"),
    });
    expect(await contentWith()).toEqual(asWritten);
  });
});

describe("a store of an earlier version, after a stop that was not clean", () => {
  async function fillEarlier(): Promise<void> {
    await fill();
    const store = LmdbStore.open(directory, { create: false });
    await write(store, [metaOperation({ format: 0, nextMessageId: 2_000, nextSessionId: 107 })]);
    await store.close();
    rmSync(join(directory, "clean"));
  }

  test("is read before it is trusted, its seals at least, and brought up to date", async () => {
    await fillEarlier();
    expect(await contentWith(earlier)).toEqual(asWritten);
    expect(told).toMatchObject([{ from: 0, to: 1, rows: 3_003 }]);
    expect(await contentWith()).toEqual(asWritten);
  });

  test.each(["refuse", "salvage"] as const)(
    "is refused when it is damaged (onDamage: %s): what to keep, only its own version knows",
    async (onDamage) => {
      await fillEarlier();
      const dataFile = join(directory, "data.mdb");
      const content = readFileSync(dataFile);
      content[content.indexOf("alice") + 1] = 0;
      writeFileSync(dataFile, content);
      await expect(openWith(earlier, onDamage)).rejects.toMatchObject({
        code: "STORE_DAMAGED",
        message: expect.stringContaining(onDamage === "refuse" ? "1 damaged rows" : "its format is 0"),
      });
      expect(readdirSync(directory).filter((name) => !name.startsWith("lock"))).toEqual(["data.mdb"]);
      expect(Buffer.compare(readFileSync(dataFile), content)).toBe(0);
    },
  );
});

test("a store without a table that came later gets it; one without any other is damaged", async () => {
  const root = open<Buffer, Buffer>({ path: directory, maxDbs: 12, encoding: "binary", keyEncoding: "binary", noSubdir: false });
  for (const name of tableNames.filter((each) => each !== "rules")) root.openDB({ name });
  await root.close();
  expect(() => LmdbStore.open(directory, { create: false })).toThrow(MissingRows);
  const laterTables = new Set(["rules"]);
  await LmdbStore.open(directory, { create: false, readOnly: true, laterTables }).close();
  const store = LmdbStore.open(directory, { create: false, laterTables });
  expect(store.rowCount(Table.Rules)).toBe(0);
  await write(store, [metaOperation({ format: 1, nextMessageId: 1, nextSessionId: 1 })]);
  await store.close();
  await LmdbStore.open(directory, { create: false }).close();
});
