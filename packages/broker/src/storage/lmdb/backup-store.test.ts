import {
  existsSync,
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
  CrashingProcess,
  damagesOf,
  fillStorage,
  lastWholeUnit,
  OTHER_ROWS,
  PAGE_BYTES,
  readStore,
  ROWS_EACH,
  storageEqualsModel,
  type StorageHandle,
} from "@bowline/testkit/storage";
import { openStorage } from "../open-storage.ts";
import type { Storage } from "../storage.ts";
import { backupStore, restoreStore } from "./backup-store.ts";
import { salvageUnused } from "./salvage-store.ts";

const isLong = process.env["BOWLINE_LONG"] === "1";
const seed = Number(process.env["BOWLINE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const rows = 200;

let folder: string;
let directory: string;
let backup: string;
let restored: string;
let child: CrashingProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bowline-backup-"));
  directory = join(folder, "store");
  backup = join(folder, "monday.backup");
  restored = join(folder, "restored");
});

afterEach(async () => {
  await child?.kill();
  child = undefined;
  rmSync(folder, { recursive: true });
});

async function filled(): Promise<Storage> {
  const storage = await openStorage({ directory });
  await readStore(storage);
  await fillStorage(storage, rows);
  return storage;
}

async function contentOf(store: string): Promise<string> {
  const storage = await openStorage({ directory: store });
  try {
    return JSON.stringify({ content: await readStore(storage), ids: [storage.nextMessageId, storage.nextSessionId] });
  } finally {
    await storage.close();
  }
}

/** What lies in a folder; half a backup would be seen. */
function namesIn(path: string): string[] {
  return readdirSync(path).sort();
}

describe("a backup", { timeout: 300_000 }, () => {
  test("is the whole store, made while it is open and restored elsewhere, and nobody else may read it", async () => {
    const storage = await filled();
    const report = await backupStore(directory, backup);
    storage.putMessage(aMessage(rows + 1));
    await storage.close();
    expect(report).toEqual({ rows: ROWS_EACH * rows + OTHER_ROWS, bytes: statSync(backup).size });
    expect(statSync(backup).mode & 0o077).toBe(0);
    expect(namesIn(folder)).toEqual(["monday.backup", "store"]);
    expect(await restoreStore(backup, restored)).toMatchObject({ rows: report.rows });
    expect(namesIn(restored)).toEqual(["data.mdb"]);
    expect(statSync(join(restored, "data.mdb")).mode & 0o077).toBe(0);
    const now = JSON.parse(await contentOf(directory)) as { content: { messages: unknown[]; calls: unknown[] } };
    expect(now.content.messages.pop()).toBeDefined();
    now.content.calls.splice(now.content.calls.indexOf("message"), 1);
    expect(JSON.parse(await contentOf(restored))).toEqual(now);
  });

  test("of a store that is closed", async () => {
    await (await filled()).close();
    await backupStore(directory, backup);
    await restoreStore(backup, restored);
    expect(await contentOf(restored)).toBe(await contentOf(directory));
  });

  test("under load, then kill -9: nothing that was kept before it is missing, and every turn is whole", async () => {
    let kept = 0;
    for (let cycle = 0; cycle < (isLong ? 30 : 2); cycle++) {
      child = new CrashingProcess(directory, { unitsMax: 40 });
      await child.hasKept(kept + 100);
      const before = child.reported;
      await backupStore(directory, `${backup}-${cycle}`);
      // It goes on while it is copied, and after.
      await child.hasKept(child.reported + 1);
      await child.kill();
      kept = child.reported;
      const target = `${restored}-${cycle}`;
      await restoreStore(`${backup}-${cycle}`, target);
      const storage = await openStorage({ directory: target });
      const last = lastWholeUnit(await readStore(storage));
      await storage.close();
      expect(last).toBeGreaterThanOrEqual(before);
      expect(before).toBeGreaterThan(0);
    }
    const storage = await openStorage({ directory });
    expect(lastWholeUnit(await readStore(storage))).toBeGreaterThanOrEqual(kept);
    await storage.close();
  });

  test("never replaces a file, needs a store and a folder", async () => {
    await (await filled()).close();
    writeFileSync(backup, "mine");
    await expect(backupStore(directory, backup)).rejects.toMatchObject({
      code: "OPTION_INVALID",
      message: expect.stringContaining("exists already"),
    });
    expect(readFileSync(backup, "utf8")).toBe("mine");
    await expect(backupStore(restored, `${backup}-2`)).rejects.toMatchObject({ code: "STORE_UNREADABLE" });
    await expect(backupStore(directory, join(folder, "missing", "file"))).rejects.toMatchObject({
      code: "OPTION_INVALID",
      message: expect.stringContaining("ENOENT"),
    });
    expect(namesIn(folder)).toEqual(["monday.backup", "store"]);
  });

  test("of a damaged store is refused, names the salvage, and leaves no file", async () => {
    await (await filled()).close();
    const dataFile = join(directory, "data.mdb");
    const content = readFileSync(dataFile);
    content[content.indexOf(Buffer.alloc(200, 77)) + 100] = 78;
    writeFileSync(dataFile, content);
    await expect(backupStore(directory, backup)).rejects.toMatchObject({
      code: "STORE_DAMAGED",
      remedy: expect.stringContaining("bowline backup --salvage"),
    });
    expect(namesIn(folder)).toEqual(["store"]);
  });
});

test("whatever was done to a store that is moved by backups alone, it equals a model of plain maps", async () => {
  const makeHandle = (): Promise<StorageHandle> => Promise.resolve(handleThroughBackups(mkdtempSync(join(folder, "run-"))));
  await storageEqualsModel(makeHandle, isLong ? 100 : 2);
}, 600_000);

/** A store that is backed up, removed and restored wherever another is only closed and opened again. */
function handleThroughBackups(at: string): StorageHandle {
  const [store, file] = [join(at, "store"), join(at, "backup")];
  return {
    open: async () => {
      if (existsSync(store)) {
        await backupStore(store, file);
        rmSync(store, { recursive: true });
        await restoreStore(file, store);
        rmSync(file);
      }
      return openStorage({ directory: store });
    },
    dispose: () => Promise.resolve(rmSync(at, { recursive: true })),
  };
}

describe("a restore", { timeout: 300_000 }, () => {
  test("never replaces a store, nor one in use, and needs a file", async () => {
    const storage = await filled();
    await backupStore(directory, backup);
    await expect(restoreStore(backup, directory)).rejects.toMatchObject({ code: "STORE_IN_USE" });
    await storage.close();
    const expected = await contentOf(directory);
    await expect(restoreStore(backup, directory)).rejects.toMatchObject({ code: "STORE_EXISTS" });
    expect(await contentOf(directory)).toBe(expected);
    await expect(restoreStore(join(folder, "none"), restored)).rejects.toMatchObject({ code: "OPTION_INVALID" });
    expect(existsSync(restored)).toBe(false);
  });

  test("of a damaged file: refused with nothing in place, or whole", async () => {
    console.log(`backup test: BOWLINE_SEED=${seed}`);
    await (await filled()).close();
    await backupStore(directory, backup);
    const expected = await contentOf(directory);
    for (const { name, content } of damagesOf(readFileSync(backup), seed)) {
      const file = join(folder, name);
      writeFileSync(file, content);
      const outcome: unknown = await restoreStore(file, restored).catch((error: unknown) => error);
      if (existsSync(join(restored, "data.mdb"))) expect([name, await contentOf(restored)]).toEqual([name, expected]);
      else {
        expect([name, outcome]).toMatchObject([name, { code: "STORE_DAMAGED", message: expect.stringContaining("the backup is") }]);
        expect(namesIn(restored)).toEqual([]);
      }
      rmSync(restored, { recursive: true });
    }
  });
});

describe("salvage of a store that nobody uses", { timeout: 300_000 }, () => {
  test("leaves a sound one alone, and refuses one in use or none", async () => {
    const storage = await filled();
    await expect(salvageUnused(directory)).rejects.toMatchObject({ code: "STORE_IN_USE" });
    await storage.close();
    expect(await salvageUnused(directory)).toBeUndefined();
    mkdirSync(restored);
    await expect(salvageUnused(restored)).rejects.toMatchObject({ code: "STORE_UNREADABLE" });
    expect(namesIn(restored)).toEqual([]);
  });

  test("makes a damaged one whole again", async () => {
    await (await filled()).close();
    truncateSync(join(directory, "data.mdb"), 20 * PAGE_BYTES);
    const report = await salvageUnused(directory);
    expect(namesIn(directory).filter((name) => name.startsWith("damaged-"))).toHaveLength(1);
    expect(report?.damagedFile).toContain("damaged-");
    expect(await salvageUnused(directory)).toBeUndefined();
    await contentOf(directory);
  });
});
