import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStorage } from "@bowline/broker/internal";
import { MqttError } from "@bowline/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CrashingProcess } from "../storage/crashing-process.ts";
import { lastWholeUnit } from "../storage/last-whole-unit.ts";
import { readStore } from "../storage/read-store.ts";
import { seededRandom } from "../virtual/seeded-random.ts";
import { afterPowerCut } from "./power-cut.ts";
import { survivalFrom } from "./survival.ts";
import { cannotWatchDisk, WatchedDisk } from "./watched-disk.ts";
import { type DiskEvent, readDiskLog } from "./watched-disk-log.ts";

const isLong = process.env["BOWLINE_LONG"] === "1";
const seed = Number(process.env["BOWLINE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
/** Each is one start of a store that is not clean. */
const CUTS = isLong ? 600 : 8;
const UNITS = isLong ? 2_000 : 300;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bowline-torn-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Fills a store under the eye of the disk until it is killed. */
async function record(directory: string): Promise<[Buffer, DiskEvent[]]> {
  // It begins with a store that has rows and free pages, on the disk as a whole.
  const first = new CrashingProcess(directory, { unitsMax: 20 });
  await first.hasKept(300);
  await first.kill();
  await (await openStorage({ directory })).close();
  const base = readFileSync(join(directory, "data.mdb"));
  const disk = new WatchedDisk(folder, { log: true, otherBoot: true });
  const env = { ...process.env, ...disk.environment };
  const child = new CrashingProcess(directory, { unitsMax: 12, process: { env } });
  await child.hasKept(first.reported + UNITS);
  await child.kill();
  return [base, readDiskLog(disk.log)];
}

/** The moments at which something had just been reported as kept, and any others. */
function momentFrom(random: () => number, events: readonly DiskEvent[]): number {
  const reports = events.flatMap(({ kind }, index) => (kind === "said" ? [index + 1] : []));
  return random() < 0.5 ? reports[Math.floor(random() * reports.length)]! : Math.floor(random() * (events.length + 1));
}

function reportedBefore(events: readonly DiskEvent[], count: number): number {
  const said = events.slice(0, count).flatMap((event) => (event.kind === "said" ? [event.text] : []));
  return Math.max(0, ...said.join("").split("\n").map(Number).filter(Number.isInteger));
}

async function lastUnitOf(file: Buffer, directory: string): Promise<number | "refused"> {
  mkdirSync(directory);
  writeFileSync(join(directory, "data.mdb"), file);
  try {
    const storage = await openStorage({ directory });
    try {
      return lastWholeUnit(await readStore(storage));
    } finally {
      await storage.close();
    }
  } catch (error) {
    if (MqttError.is(error) && error.code === "STORE_DAMAGED") return "refused";
    throw error;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe.skipIf(cannotWatchDisk !== "")(`a power cut${cannotWatchDisk && ` (${cannotWatchDisk})`}`, () => {
  test(`at any moment, with any part of what was not flushed: what was reported as kept is there, and every turn is whole (BOWLINE_SEED=${seed})`, async () => {
    const random = seededRandom(seed);
    const [base, events] = await record(join(folder, "store"));
    expect(events.some(({ kind }) => kind === "flush-ends")).toBe(true);
    const outcomes = { whole: 0, refused: 0 };
    for (let cut = 0; cut < CUTS; cut++) {
      const moment = momentFrom(random, events);
      const { name, survives } = survivalFrom(random);
      const last = await lastUnitOf(afterPowerCut(base, events, moment, survives), join(folder, `cut-${cut}`));
      const reported = reportedBefore(events, moment);
      if (last === "refused") outcomes.refused++;
      else {
        outcomes.whole++;
        expect({ cut, moment, name, reported, last, isKept: last >= reported }).toMatchObject({ isKept: true });
      }
    }
    console.log(
      `figure: ${CUTS} power cuts in ${events.length} writes and flushes: ${outcomes.whole} whole, ${outcomes.refused} refused`,
    );
    expect(outcomes.whole).toBeGreaterThan(0);

    // A disk that flushed nothing would have been found out.
    const lying = events.filter(({ kind }) => kind !== "flush-ends").map((event) => ({ ...event, isSynced: false }));
    const last = await lastUnitOf(
      afterPowerCut(base, lying, lying.length, () => false),
      join(folder, "lying"),
    );
    expect(last).toBeLessThan(reportedBefore(events, events.length));
  }, 900_000);
});
