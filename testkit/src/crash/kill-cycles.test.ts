import { connect } from "@bowline/client";
import { afterEach, expect, test } from "vitest";
import { bowlineClient, type ChaosClient } from "../chaos/chaos-clients.ts";
import { BowlineProcess } from "../system/bowline-process.ts";
import { seededRandom } from "../virtual/seeded-random.ts";
import { NumberPublisher, Receiver } from "./kill-load.ts";
import { RetainedTruth } from "./retained-truth.ts";

const isLong = process.env["BOWLINE_LONG"] === "1";
const KILLS = isLong ? 300 : 8;
const seed = Number(process.env["BOWLINE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
/** Acknowledgements between a start and the next kill, at most. */
const MOST_BETWEEN = 150;
/** One kill of so many meets a broker that is starting. */
const KILLED_AT_START = isLong ? 5 : 4;
const STARTING_MS = 500;

let broker: BowlineProcess | undefined;
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  await broker?.remove();
});

function subscriber(url: string, clientId: string, version: 4 | 5, { take }: Receiver): ChaosClient {
  const client = bowlineClient({ url, clientId, version, onMessage: take });
  closers.push(() => client.close());
  return client;
}

/** A client with a will that a kill of the broker takes away for good, and its Session soon after. */
async function doomed(url: string, text: string, delayInterval: number): Promise<void> {
  const client = connect(url, {
    session: { clientId: text, expiryInterval: 1 },
    will: { topicName: "wills", payload: text, qos: 2, delayInterval },
    reconnect: false,
  });
  client.on("attemptFailed", () => undefined);
  closers.push(() => client.abort());
  await client.publish("nobody", "", { qos: 1 });
}

async function killWhileStarting(one: BowlineProcess, ms: number): Promise<void> {
  const started = one.startAgain().catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, ms));
  await one.kill();
  await started;
}

test(
  `[F8 broker] ${KILLS} kills -9 of a broker under load: nothing acknowledged is lost, QoS 2 is never doubled, retained messages are right, wills come once, every restart is clean (BOWLINE_SEED=${seed})`,
  async () => {
    const random = seededRandom(seed);
    broker = await BowlineProcess.start("--anonymous", "--no-console", "--listen", "mqtt://127.0.0.1:0");
    const [url] = broker.urls as [string];
    const [five, three, group, wills] = [new Receiver(), new Receiver(), new Receiver(), new Receiver()];
    await subscriber(url, "five", 5, five).subscribe("numbers", 2);
    await subscriber(url, "three", 4, three).subscribe("numbers", 2);
    await subscriber(url, "member-1", 5, group).subscribe("$share/group/numbers", 2);
    await subscriber(url, "member-2", 4, group).subscribe("$share/group/numbers", 2);
    await subscriber(url, "heir", 5, wills).subscribe("wills", 2);
    const publishers = ([4, 5] as const).map((version) => new NumberPublisher(url, "numbers", `publisher-${version}`, version));
    const retained = new RetainedTruth(url);
    for (const one of [...publishers, retained]) closers.push(() => one.close());
    for (const one of [...publishers, retained]) one.start();

    const dead: string[] = [];
    for (let kill = 1; kill <= KILLS; kill++) {
      const will = `will ${kill} QoS 2`;
      await doomed(url, will, kill % 2);
      dead.push(will);
      await publishers[kill % 2]!.more(Math.ceil(random() * MOST_BETWEEN));
      await broker.kill();
      if (kill % KILLED_AT_START === 0) await killWhileStarting(broker, random() * STARTING_MS);
      await broker.startAgain();
      if (kill % 4 === 0) expect({ kill, faults: await retained.faults(url) }).toEqual({ kill, faults: [] });
    }
    for (const one of [...publishers, retained]) await one.stop();

    const published = publishers.flatMap((one) => one.published);
    const missing = await Promise.all([five, three, group].map((receiver) => receiver.missing(published)));
    expect([...missing, await wills.missing(dead)]).toEqual([[], [], [], []]);
    for (const receiver of [five, three, group, wills]) expect(receiver.doubled()).toEqual([]);
    expect(await retained.faults(url)).toEqual([]);
    expect([...publishers, retained].map(({ failed }) => failed)).toEqual([0, 0, 0]);
    // A start after a kill has nothing to complain of.
    expect(broker.log.split("\n").filter((line) => /\b(error|warn)\b/.test(line))).toEqual([]);
    console.log(`figure: ${KILLS} kills, ${published.length} messages of QoS 1 and 2, ${dead.length} wills`);
  },
  isLong ? 1_800_000 : 120_000,
);
