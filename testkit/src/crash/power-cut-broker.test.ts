import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bowlineClient } from "../chaos/chaos-clients.ts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BowlineProcess } from "../system/bowline-process.ts";
import { seededRandom } from "../virtual/seeded-random.ts";
import { NumberPublisher, Receiver } from "./kill-load.ts";
import { afterPowerCut } from "./power-cut.ts";
import { survivalFrom } from "./survival.ts";
import { cannotWatchDisk, WatchedDisk } from "./watched-disk.ts";
import { readDiskLog } from "./watched-disk-log.ts";

const isLong = process.env["BOWLINE_LONG"] === "1";
const seed = Number(process.env["BOWLINE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const CUTS = isLong ? 100 : 4;
const MESSAGES = isLong ? 2_000 : 400;

let folder: string;
let broker: BowlineProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bowline-power-cut-"));
});
afterEach(async () => {
  await broker?.remove();
  rmSync(folder, { recursive: true });
});

/** A Session that is away and wants all numbers. */
async function sleeper(url: string): Promise<void> {
  const client = bowlineClient({ url, clientId: "sleeper", version: 5, onMessage: () => undefined });
  await client.subscribe("numbers", 2);
  await client.close();
}

/** An acknowledged text, and how long the log of the disk was when its client had the acknowledgement. */
interface Acknowledged {
  text: string;
  logged: number;
}

async function publishNumbers(url: string, disk: WatchedDisk): Promise<Acknowledged[]> {
  const acknowledged: Acknowledged[] = [];
  const publishers = ([4, 5] as const).map((version) => new NumberPublisher(url, "numbers", `publisher-${version}`, version));
  for (const one of publishers) {
    one.onAcknowledged = (text) => acknowledged.push({ text, logged: statSync(disk.log).size });
    one.start();
  }
  await Promise.all(publishers.map((one) => one.more(MESSAGES / 2)));
  await Promise.all(publishers.map((one) => one.close()));
  return acknowledged;
}

/** Everything that waits for the Session, and what is wrong with it. */
async function whatWaits(url: string, wanted: readonly string[]): Promise<{ missing: string[]; doubled: string[] }> {
  const receiver = new Receiver();
  const client = bowlineClient({ url, clientId: "sleeper", version: 5, onMessage: receiver.take });
  await client.subscribe("numbers", 2);
  // Behind all that waited: whoever has it has the rest.
  const end = "the end";
  await new Promise<void>((resolve) => client.publish("numbers", end, 1, () => resolve()));
  const missing = await receiver.missing([...wanted, end]);
  await client.close();
  return { missing, doubled: receiver.doubled() };
}

describe.skipIf(cannotWatchDisk !== "")(`a power cut under a broker${cannotWatchDisk && ` (${cannotWatchDisk})`}`, () => {
  test(`at any moment, with any part of what was not flushed: every acknowledged message waits for its receiver, QoS 2 once (BOWLINE_SEED=${seed})`, async () => {
    const random = seededRandom(seed);
    const disk = new WatchedDisk(folder, { log: true, otherBoot: true });
    broker = await BowlineProcess.startIn(disk.environment, "--anonymous", "--no-console", "--listen", "mqtt://127.0.0.1:0");
    const [url] = broker.urls as [string];
    await sleeper(url);
    const subscribed = statSync(disk.log).size;
    const acknowledged = await publishNumbers(url, disk);
    await broker.kill();
    const events = readDiskLog(disk.log);
    const first = events.findIndex(({ logged }) => logged >= subscribed);
    const dataFile = join(broker.dataFolder, "store", "data.mdb");
    let promised = 0;
    for (let cut = 0; cut < CUTS; cut++) {
      // The first one at the end, where most is promised.
      const moment = cut === 0 ? events.length : first + 1 + Math.floor(random() * (events.length - first));
      const last = events[moment - 1]!;
      // A synchronous write that comes last is cut before its end: what was acknowledged behind it does not count.
      const known = last.kind === "write" && last.isSynced ? (events[moment - 2]?.logged ?? 0) : last.logged;
      const wanted = acknowledged.filter((one) => one.logged <= known).map(({ text }) => text);
      const { name, survives } = survivalFrom(random);
      writeFileSync(dataFile, afterPowerCut(Buffer.alloc(0), events, moment, survives));
      await broker.startAgain();
      expect({ cut, moment, name, ...(await whatWaits(url, wanted)) }).toEqual({ cut, moment, name, missing: [], doubled: [] });
      await broker.kill();
      promised += wanted.length;
    }
    expect(promised).toBeGreaterThan(0);
    expect(readFileSync(dataFile).length).toBeGreaterThan(0);
    console.log(`figure: ${CUTS} power cuts in ${events.length} writes and flushes: ${promised} promises kept`);
  }, 900_000);
});
