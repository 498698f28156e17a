import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CrashingProcess, lastWholeUnit, readStore } from "@bowline/testkit/storage";
import { openStorage } from "../open-storage.ts";

const isLong = process.env["BOWLINE_LONG"] === "1";
const seed = Number(process.env["BOWLINE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

let directory: string;
let child: CrashingProcess | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "bowline-crash-"));
});

afterEach(async () => {
  await child?.kill();
  rmSync(directory, { recursive: true });
});

/** A small generator of our own, so that a printed seed repeats the moments of the kills. */
function makeRandom(from: number): () => number {
  let state = from;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe("kill -9", () => {
  for (const durability of ["durable", "relaxed"]) {
    test(`at any moment, ${durability}: what was reported as kept is there, and every turn is whole`, async () => {
      const random = makeRandom(seed);
      console.log(`crash test, ${durability}: BOWLINE_SEED=${seed}`);
      let kept = 0;
      for (let cycle = 0; cycle < (isLong ? 100 : 3); cycle++) {
        child = new CrashingProcess(directory, { durability, unitsMax: 1 + Math.floor(random() * 40) });
        await child.hasKept(kept + 1);
        await new Promise((resolve) => setTimeout(resolve, random() * 150));
        await child.kill();
        const storage = await openStorage({ directory, durability: "durable" });
        const last = lastWholeUnit(await readStore(storage));
        expect(last).toBeGreaterThanOrEqual(child.reported);
        expect(child.reported).toBeGreaterThan(kept);
        kept = last;
        // Half of the cycles begin with a store that was closed well, half with another stale lock.
        if (cycle % 2 === 0) await storage.close();
        else child = await killWhileOpen(storage.close.bind(storage));
      }
    }, 900_000);
  }
});

/** Closes ours and lets a process open the store and die at once. */
async function killWhileOpen(close: () => Promise<void>): Promise<CrashingProcess> {
  await close();
  const process = new CrashingProcess(directory);
  await process.ready();
  await process.kill();
  return process;
}

describe("the lock", () => {
  test("a second process is refused while the first lives, told its pid, and let in when it is dead", async () => {
    child = new CrashingProcess(directory);
    await child.hasKept(1);
    await expect(openStorage({ directory })).rejects.toMatchObject({
      code: "STORE_IN_USE",
      message: `STORE_IN_USE: another process uses the store: process ${child.pid}`,
    });
    await child.kill();
    const storage = await openStorage({ directory });
    const second = new CrashingProcess(directory);
    await second.ended();
    expect(second.failure).toMatchObject({ failed: "STORE_IN_USE" });
    await storage.close();
  });

  test("nobody else may read what is stored", async () => {
    const storage = await openStorage({ directory: join(directory, "made") });
    expect(statSync(join(directory, "made")).mode & 0o777).toBe(0o700);
    for (const file of readdirSync(join(directory, "made"))) expect(statSync(join(directory, "made", file)).mode & 0o077).toBe(0);
    await storage.close();
    for (const file of readdirSync(join(directory, "made"))) expect(statSync(join(directory, "made", file)).mode & 0o077).toBe(0);
  });
});
