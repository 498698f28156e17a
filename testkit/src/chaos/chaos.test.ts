import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MosquittoProcess } from "../interop/mosquitto-process.ts";
import { missingPrograms } from "../system/missing-programs.ts";
import { bowlineClient, dropInClient, mqttJsClient } from "./chaos-clients.ts";
import { type ChaosResult, type ChaosSettings, runChaos } from "./chaos-run.ts";
import { LocalServer } from "./local-server.ts";

/* Publisher and subscriber behind proxies that cut every 200 ms at a random byte, on persistent sessions. */

const isLong = process.env["BOWLINE_LONG"] === "1";
const first = Number(process.env["BOWLINE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const SEEDS = Array.from({ length: isLong ? 5 : 1 }, (_, i) => first + i);
const MESSAGES = isLong ? 20_000 : 1000;
const LIMIT_MS = isLong ? 400_000 : 20_000;
/** Of so many cuts one discards an acknowledgement that nobody had read yet: more of them where the sender has to wait for a core. */
const UNREAD = isLong ? 0.1 : 0.3;
/** As fast as they go, and through several cuts. */
const FAST_MESSAGES = isLong ? 100_000 : 40_000;
/** Messages that the broker of this test takes at once from a client of 5.0. */
const RECEIVE_MAXIMUM = 100;
const seeds = `BOWLINE_SEED=${first}`;
const missing = missingPrograms("mosquitto", "mosquitto_passwd");
const versions = [4, 5] as const;
const cases = versions.flatMap((version) => ([1, 2] as const).map((qos) => ({ version, qos })));
/** They send at a rate and wait for most of their time. In the long run each has several runs of its own at once. */
const sideBySide = isLong ? test : test.concurrent;

let server: LocalServer;
let narrow: LocalServer;
beforeAll(async () => {
  server = await LocalServer.start();
  narrow = await LocalServer.start({ limits: { receiveMaximum: RECEIVE_MAXIMUM } });
});
afterAll(async () => {
  await server.close();
  await narrow.close();
});

type Settings = Pick<ChaosSettings, "connect" | "version" | "qos"> & Partial<ChaosSettings>;

/**
 * Runs side by side hold each other up, and what waits meanwhile is doubled by the next cut: so those whose duplicates are counted run
 * one after the other, and only those.
 */
async function run(settings: Settings, isCounted: boolean): Promise<ChaosResult[]> {
  const { connect, version, qos } = settings;
  const one = async (seed: number): Promise<ChaosResult> => {
    const result = await runChaos({ broker: server.address, messages: MESSAGES, rate: 500, window: 64, seed, ...settings });
    if (isLong) console.log(`figure: chaos ${JSON.stringify({ client: connect.name, version, qos, seed, ...result })}`);
    return result;
  };
  if (!isCounted) return await Promise.all(SEEDS.map(one));
  const results: ChaosResult[] = [];
  for (const seed of SEEDS) results.push(await one(seed));
  return results;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

describe.each([
  ["@bowline/client", bowlineClient],
  ["@bowline/mqttjs", dropInClient],
] as const)("%s at our broker", (_name, connect) => {
  test.each(cases)(
    `[F1 client] [F1 drop-in] [F1 broker] [F2 client] [F2 drop-in] [F2 broker] [F3 client] [F3 broker] version $version, QoS $qos: nothing failed, lost or out of order, doubled only what a cut hid (${seeds})`,
    async ({ version, qos }) => {
      const results = await run({ connect, version, qos }, qos === 1);
      for (const result of results) {
        expect(result).toMatchObject({ failed: 0, lost: 0, outOfOrder: 0 });
        // An acknowledgement that was passed on may lie unread in the sender's buffer when a reset discards it.
        expect(result.duplicates).toBeLessThanOrEqual(qos === 2 ? 0 : result.unacknowledged + 1 + result.cuts * UNREAD);
        expect(result.cuts).toBeGreaterThanOrEqual(isLong ? 300 : 8);
        expect(result.elapsedMs).toBeLessThanOrEqual(isLong ? 45_000 : 6000);
      }
      // What is on its way at a cut grows with the delays of a busy machine: one run may meet them, not most.
      if (isLong) expect(median(results.map(({ duplicates }) => duplicates))).toBeLessThanOrEqual(MESSAGES * 0.02);
    },
    LIMIT_MS,
  );

  test.each(cases)(
    `[F4 client] [F4 drop-in] version $version, QoS $qos, 1,000 outstanding, as fast as it goes: nothing failed or lost, Receive Maximum kept (${seeds})`,
    async ({ version, qos }) => {
      // A connection lives 100 ms at most: so many messages take longer, however fast the machine is.
      const settings = { broker: narrow.address, rate: 0, window: 1000, messages: FAST_MESSAGES, meanLifeMs: 50 };
      for (const result of await run({ connect, version, qos, ...settings }, true)) {
        expect(result).toMatchObject({ failed: 0, lost: 0, outOfOrder: 0 });
        expect(result.cuts).toBeGreaterThan(0);
        if (qos === 2) expect(result.duplicates).toBe(0);
        if (version === 5) expect(result.mostOpen).toBeLessThanOrEqual(RECEIVE_MAXIMUM);
      }
    },
    LIMIT_MS,
  );
});

sideBySide.each(cases)(
  `[F5 client] [F5 broker] npm's mqtt at our broker, version $version, QoS $qos: nothing acknowledged is lost (${seeds})`,
  async ({ version, qos }) => {
    for (const result of await run({ connect: mqttJsClient, version, qos }, false)) {
      expect(result.lost).toBe(0);
      if (qos === 2) expect(result.duplicates).toBe(0);
    }
  },
  LIMIT_MS,
);

describe.skipIf(missing !== "")(`our client at mosquitto${missing && ` (${missing})`}`, () => {
  let mosquitto: MosquittoProcess;
  beforeAll(async () => {
    mosquitto = await MosquittoProcess.start();
  });
  afterAll(() => mosquitto?.remove());

  sideBySide.each(cases)(
    `[F5 client mosquitto] version $version, QoS $qos: nothing acknowledged is lost (${seeds})`,
    async ({ version, qos }) => {
      const { hostname: host, port } = new URL(mosquitto.url("mqtt"));
      const broker = { host, port: Number(port) };
      // Before 5.0 mosquitto 2.0.11 acknowledges QoS 2 messages beyond 20 and drops them, whoever sends them.
      const window = version === 4 && qos === 2 ? 20 : 64;
      const settings = { connect: bowlineClient, version, qos, broker, credentials: mosquitto.user, window };
      for (const result of await run(settings, false)) {
        expect(result).toMatchObject({ failed: 0, lost: 0 });
        if (qos === 2) expect(result.duplicates).toBe(0);
      }
    },
    LIMIT_MS,
  );
});
