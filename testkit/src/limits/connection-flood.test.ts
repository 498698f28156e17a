import { parsePrometheus } from "../broker/parse-prometheus.ts";
import { AttackedBroker } from "../security/attacked-broker.ts";
import { clientHello } from "../security/client-hello.ts";
import type { FriendReport } from "../security/friend.ts";
import { expect, test } from "vitest";
import { ChildProgram } from "./child-program.ts";
import type { FloodReport } from "./flood-child.ts";

/* Strangers who begin TLS handshakes and never go on, from addresses of their own, while clients are connected. */

const isLong = process.env["BOWLINE_LONG"] === "1";
const RATE = isLong ? 5_000 : 1_500;
const SECONDS = isLong ? 30 : 3;
/** Four seconds' worth may come at once: a short flood must reach the limit all the same. */
const LIMITS = isLong ? {} : { handshakesPerSecond: 100 };
/** Every day other tests run beside this one, and take the cores for longer than a round trip. */
const SLACK_MS = isLong ? 0 : 50;

/** What a friend saw while so many seconds passed. */
async function friendMeets(broker: AttackedBroker, pass: () => Promise<unknown>): Promise<FriendReport> {
  const friend = await broker.friend();
  await pass();
  return friend.leave();
}

/** Without the flood, the seconds are another friend's round trips. */
async function nothing(broker: AttackedBroker): Promise<void> {
  const end = performance.now() + SECONDS * 1_000;
  while (performance.now() < end) await broker.process.ask("/health/live");
}

test(`${RATE} half-open handshakes a second from other addresses leave connected clients' p99 within 3 times`, async () => {
  const broker = await AttackedBroker.start({ limits: LIMITS });
  const hello = (await clientHello()).toString("hex");
  const floods: ChildProgram[] = [];
  try {
    const quiet = await friendMeets(broker, () => nothing(broker));
    const told: FloodReport[] = [];
    // The friend is there when it begins: the strangers use up what newcomers have.
    const flooded = await friendMeets(broker, async () => {
      const flood = new ChildProgram("flood-child", broker.port("tls"), RATE, hello);
      floods.push(flood);
      while (told.length < SECONDS) told.push(await flood.told<FloodReport>());
    });
    if (isLong) console.log("figure: a friend without and with the flood, ms:", JSON.stringify([quiet, flooded, told.at(-1)]));
    expect([quiet.disturbances, flooded.disturbances]).toEqual([[], []]);
    expect(told.reduce((sum, { begun }) => sum + begun, 0)).toBeGreaterThan((isLong ? 0.7 : 0.4) * RATE * SECONDS);
    expect(flooded.p99Ms).toBeLessThanOrEqual(3 * quiet.p99Ms + SLACK_MS);
    const metrics = parsePrometheus(await broker.process.ask("/metrics"));
    const refused = metrics.samples.filter(({ labels }) => labels["cause"]?.startsWith("handshake") === true);
    expect(refused.reduce((sum, { value }) => sum + value, 0)).toBeGreaterThan(told.length * 100);
  } finally {
    for (const flood of floods) await flood.end();
    await broker.remove();
  }
}, 120_000);
