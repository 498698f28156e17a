import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { StoreLock } from "./store-lock.ts";

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "bowline-lock-"));
  path = join(directory, "owner.lock");
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

function content(): Record<string, unknown> {
  return JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
}

/** Takes a lock whose file says this of its owner. */
function acquireOver(owner: Record<string, unknown>): void {
  writeFileSync(path, JSON.stringify(owner));
  StoreLock.acquire(directory).release();
}

test("is held from acquire to release, also against this process itself", () => {
  const lock = StoreLock.acquire(directory);
  expect(content()["pid"]).toBe(process.pid);
  expect(() => StoreLock.acquire(directory)).toThrow(/^STORE_IN_USE/);
  lock.release();
  StoreLock.acquire(directory).release();
  expect(readdirSync(directory)).toEqual([]);
});

test("a lock of a process that is gone is stale", () => {
  expect(() => acquireOver({ pid: 2 ** 22 + 1, startedAt: "1", bootId: "x" })).not.toThrow();
  expect(readdirSync(directory)).toEqual([]);
});

test("what is no lock at all is stale", () => {
  for (const text of ["", "{", "[]", "null", '{"pid":0}', '{"pid":-1}', '{"pid":"1"}']) {
    writeFileSync(path, text);
    StoreLock.acquire(directory).release();
  }
  expect(readdirSync(directory)).toEqual([]);
});

test("a pid that was given again, or a machine that started again, is no owner", (context) => {
  const lock = StoreLock.acquire(directory);
  const mine = content();
  lock.release();
  context.skip(mine["startedAt"] === "", "this system does not tell when a process started");
  expect(() => acquireOver({ ...mine, startedAt: "1" })).not.toThrow();
  expect(() => acquireOver({ ...mine, bootId: "another" })).not.toThrow();
  expect(() => acquireOver(mine)).toThrow(/^STORE_IN_USE/);
});
