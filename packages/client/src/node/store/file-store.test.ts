import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { SessionStore } from "../../store/session-store.ts";
import { FileStore } from "./file-store.ts";
import { SessionLog } from "./session-log.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bowline-store-"));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const logFile = (): string => join(folder, "session.log");
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Opens, answers what is in it as text, sorted, and closes. */
async function contents(store: SessionStore = new FileStore(folder)): Promise<Record<string, string>> {
  const records = [...(await store.open())].map(([key, value]) => [key, new TextDecoder().decode(value)] as const);
  await store.close();
  return Object.fromEntries(records.sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function write(...groups: (readonly [string, string | undefined])[][]): Promise<void> {
  const store = new FileStore(folder);
  await store.open();
  // oxlint-disable-next-line no-await-in-loop -- Groups go one after the other.
  for (const group of groups) await store.write(group.map(([key, text]) => [key, text === undefined ? undefined : bytes(text)]));
  await store.close();
}

test("a log that ends anywhere in its last group opens as it was before that group, and goes on from there", async () => {
  await write([["a", "first"]]);
  const before = statSync(logFile()).size;
  await write([
    ["b", "second"],
    ["a", undefined],
    ["c", ""],
  ]);
  const whole = readFileSync(logFile());
  for (let size = before; size < whole.length; size++) {
    writeFileSync(logFile(), whole.subarray(0, size));
    // oxlint-disable-next-line no-await-in-loop -- One file.
    expect([size, await contents()]).toEqual([size, { a: "first" }]);
    expect(statSync(logFile()).size).toBe(before);
  }
  // oxlint-disable-next-line no-await-in-loop
  await write([["d", "third"]]);
  expect(await contents()).toEqual({ a: "first", d: "third" });
  writeFileSync(logFile(), whole);
  expect(await contents()).toEqual({ b: "second", c: "" });
});

test("a last group of which any one byte did not reach the disk does not count", async () => {
  await write([["a", "first"]]);
  const before = statSync(logFile()).size;
  await write([["b", "second"]]);
  const whole = readFileSync(logFile());
  for (let at = before; at < whole.length; at++) {
    const torn = Buffer.from(whole);
    torn[at] = (torn[at] as number) ^ 0x41;
    writeFileSync(logFile(), torn);
    // oxlint-disable-next-line no-await-in-loop -- One file.
    expect([at, await contents()]).toEqual([at, { a: "first" }]);
  }
});

test("any wrong byte before the last group is damage: the store says where, and leaves the file alone", async () => {
  await write([["a", "first"]], [["b", "second"]]);
  const whole = readFileSync(logFile());
  const firstEnd = SessionLog.firstBody + 1 + 2 + 4 + "first".length;
  for (let at = 16; at < firstEnd; at++) {
    const wrong = Buffer.from(whole);
    wrong[at] = (wrong[at] as number) ^ 0x41;
    writeFileSync(logFile(), wrong);
    // oxlint-disable-next-line no-await-in-loop -- One file.
    await expect(contents()).rejects.toMatchObject({ code: "STORE_DAMAGED", retryable: false });
    expect(readFileSync(logFile())).toEqual(wrong);
  }
});

test("a file of a newer version, and one that is none of ours, are told apart", async () => {
  await write([["a", "first"]]);
  const newer = readFileSync(logFile());
  newer[8] = 2;
  writeFileSync(logFile(), newer);
  await expect(contents()).rejects.toMatchObject({ code: "STORE_NEWER" });
  writeFileSync(logFile(), "something else altogether");
  await expect(contents()).rejects.toMatchObject({ code: "STORE_DAMAGED" });
});

test("a payload that is itself a piece of such a log is no frame of this one", async () => {
  await write([["a", "first"]]);
  const inner = readFileSync(logFile());
  rmSync(logFile());
  const store = new FileStore(folder);
  await store.open();
  await store.write([["a", bytes("first")]]);
  const before = statSync(logFile()).size;
  await store.write([["b", inner]]);
  await store.close();
  writeFileSync(logFile(), readFileSync(logFile()).subarray(0, -1));
  expect(await contents()).toEqual({ a: "first" });
  expect(statSync(logFile()).size).toBe(before);
});

test("the log is rewritten when most of it was removed, and what is left is found in it", async () => {
  const store = new FileStore(folder);
  await store.open();
  const payload = new Uint8Array(100_000).fill(7);
  for (let i = 0; i < 60; i++) {
    // oxlint-disable-next-line no-await-in-loop -- Groups go one after the other.
    await store.write([
      [`m${i}`, payload],
      [`m${i - 8}`, undefined],
    ]);
  }
  await store.close();
  expect(statSync(logFile()).size).toBeLessThan(3_000_000);
  expect(readdirSync(folder)).toEqual(["session.log"]);
  const again = new FileStore(folder);
  const found = new Map(await again.open());
  expect([...found.keys()].sort()).toEqual(Array.from({ length: 8 }, (_, i) => `m${52 + i}`));
  for (const value of found.values()) expect(value).toEqual(Buffer.from(payload));
  await again.close();
});

describe("a disk that fails", () => {
  async function handlePrototype(): Promise<FileHandle> {
    const { open } = await import("node:fs/promises");
    const handle = await open(join(folder, "x"), "w");
    await handle.close();
    rmSync(join(folder, "x"));
    return Object.getPrototypeOf(handle) as FileHandle;
  }
  const errno = (code: string): Error => Object.assign(new Error(code), { code });

  test("a write for which there is no room is an error, and the next one goes on after the last good one", async () => {
    const store = new FileStore(folder);
    await store.open();
    await store.write([["a", bytes("first")]]);
    const writev = vi.spyOn(await handlePrototype(), "writev").mockRejectedValueOnce(errno("ENOSPC"));
    await expect(store.write([["b", bytes("second")]])).rejects.toMatchObject({ code: "STORE_FULL", retryable: true });
    writev.mockRestore();
    await store.write([["c", bytes("third")]]);
    await store.close();
    expect(await contents()).toEqual({ a: "first", c: "third" });
  });

  test("after a flush that failed nothing is trusted but a log that was written anew", async () => {
    const store = new FileStore(folder);
    await store.open();
    await store.write([["a", bytes("first")]]);
    const { ino } = statSync(logFile());
    const datasync = vi.spyOn(await handlePrototype(), "datasync").mockRejectedValueOnce(errno("EIO"));
    await expect(store.write([["b", bytes("second")]])).rejects.toMatchObject({ code: "STORE_FAILED" });
    datasync.mockRestore();
    await store.write([["c", bytes("third")]]);
    await store.close();
    expect(statSync(logFile()).ino).not.toBe(ino);
    expect(await contents()).toEqual({ a: "first", c: "third" });
  });
});

describe("the lock", () => {
  test("a second client is told who has the folder", async () => {
    const one = new FileStore(folder);
    await one.open();
    const error = await new FileStore(folder).open().catch((found: unknown) => found);
    expect(error).toMatchObject({ code: "STORE_IN_USE", retryable: false, details: { pid: process.pid } });
    expect((error as Error).message).toContain(folder);
    await one.close();
    expect(await contents()).toEqual({});
    expect(readdirSync(folder)).toEqual(["session.log"]);
  });

  test("the lock of a process that was killed is nobody's", async () => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000); console.log('up')"]);
    await once(child.stdout, "data");
    const start = readFileSync(`/proc/${child.pid}/stat`, "latin1").split(") ")[1]?.split(" ")[19];
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
    writeFileSync(join(folder, "session.lock"), `${child.pid} ${boot}:${start}`);
    await expect(contents()).rejects.toMatchObject({ code: "STORE_IN_USE", details: { pid: child.pid } });
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await contents()).toEqual({});
  });

  test("a pid that was given again is another process", async () => {
    writeFileSync(join(folder, "session.lock"), `${process.pid} another-boot:1`);
    expect(await contents()).toEqual({});
  });
});

test("a folder that cannot be made is an error that names it", async () => {
  writeFileSync(join(folder, "file"), "");
  const store = new FileStore(join(folder, "file", "inside"));
  await expect(store.open()).rejects.toMatchObject({ code: "STORE_UNREADABLE", message: expect.stringContaining("inside") });
});
