import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BrokerProcess } from "../brokers/broker-process.ts";
import { type BowlineProcess, startBowline } from "../brokers/start-bowline.ts";
import { findMosquitto, mosquittoIsMissing, startMosquitto } from "../brokers/start-mosquitto.ts";
import { benchCodec } from "../codec.ts";
import { brokerCases, compareBrokers, missedBy, nameOf } from "./compare-brokers.ts";
import { measure, measureConnections } from "./measure.ts";

const isLong = process.env["BOWLINE_LONG"] === "1";
/** A single short round swings by a tenth, which the bars of the long run do not allow. */
const timing = isLong ? { rounds: 3, seconds: 1, warm: 0.5 } : { rounds: 1, seconds: 0.6, warm: 0.3 };
const mosquittoPath = findMosquitto();
let bowline: BowlineProcess;

beforeAll(async () => {
  bowline = await startBowline();
});

afterAll(async () => {
  await bowline.stop();
});

describe("the broker under load", () => {
  for (const [mode, n] of [
    ["pairs", 20],
    ["fanin", 20],
    ["fanout", 50],
  ] as const) {
    for (const qos of [0, 1, 2] as const) {
      test(`${mode} at QoS ${qos} delivers everything once, in order and whole`, async () => {
        const result = await measure(bowline, { mode, n, qos, count: 2000, version: qos === 1 ? 5 : 4 });
        expect(result).toMatchObject({ ok: true, lost: 0, gaps: 0, duplicates: 0, bad: 0, failed: 0 });
      });
    }
  }

  test("topics that alternate do not mix", async () => {
    for (const qos of [0, 1] as const) {
      expect(await measure(bowline, { mode: "pairs", n: 10, qos, topics: 4, count: 2000 })).toMatchObject({ ok: true });
    }
  });

  test("20,000 topics under 10,000 wildcard filters do not mix either", async () => {
    expect(await measure(bowline, { mode: "pairs", n: 20, qos: 0, topics: 1000, count: 2000 })).toMatchObject({ ok: true });
  });

  test("connections that come and go, or stay, all get their CONNACK, with and without a password and TLS", async () => {
    const { login, tlsPort } = bowline;
    const connections = { n: 20, count: 300 };
    const ok = { ok: true, connections: 300, failed: 0 };
    expect(await measureConnections(bowline, { mode: "churn", ...connections })).toMatchObject(ok);
    expect(await measureConnections(bowline, { mode: "churn", ...connections, ...login })).toMatchObject(ok);
    const hold = { mode: "hold", ...connections, ...login, tls: 1, port: tlsPort, seconds: 0.1 } as const;
    expect(await measureConnections(bowline, hold)).toMatchObject(ok);
    const wrong = { mode: "churn", ...connections, count: 5, user: login.user, password: "wrong" } as const;
    expect(await measureConnections(bowline, wrong)).toMatchObject({ ok: false, failed: 5 });
  });

  test("an anonymous client gets in and may do nothing", async () => {
    const nobody = { mode: "pairs", n: 1, qos: 1, count: 1, user: "" } as const;
    await expect(measure(bowline, nobody)).rejects.toThrow("refused the subscription (128)");
  });

  test("1 KiB and 100 KiB payloads arrive whole at QoS 1", async () => {
    for (const [size, count] of [
      [1024, 1000],
      [100_000, 40],
    ] as const) {
      expect(await measure(bowline, { mode: "pairs", n: 5, qos: 1, size, count, window: 64 })).toMatchObject({ ok: true });
    }
  });
});

describe.skipIf(mosquittoPath === undefined)(
  `beside mosquitto${mosquittoPath === undefined ? ` (${mosquittoIsMissing})` : ""}`,
  () => {
    let mosquitto: BrokerProcess;
    beforeAll(async () => {
      mosquitto = await startMosquitto(mosquittoPath!);
    });
    afterAll(() => mosquitto?.stop());

    test.each(brokerCases.filter(({ mode, topics, size }) => isLong || (mode === "pairs" && topics === 1 && size === 64)))(
      "$mode at QoS $qos with $size bytes and everything on cost at least $target times less CPU than mosquitto",
      { timeout: 60_000 },
      async (one) => {
        const comparison = await compareBrokers({ bowline, mosquitto }, one, timing);
        if (isLong) console.log(`figure: ${nameOf(one)}: ${comparison.cpuRatio.toFixed(1)} times less CPU, of ${one.target}`);
        expect(comparison.bowline.verified).toBe(timing.rounds);
        expect(comparison.mosquitto.verified).toBe(timing.rounds);
        expect(comparison.cpuRatio).toBeGreaterThan(one.target!);
        expect(missedBy({ ...comparison, isHeld: true })).toEqual([]);
      },
    );
  },
);

test("the codec keeps its distance to mqtt-packet", { timeout: 60_000 }, async () => {
  const results = await benchCodec(1, 8);
  // Two thirds of the target: beside other tests a single round swings.
  expect(results.filter(({ ratio, target }) => ratio < (target * 2) / 3)).toEqual([]);
  expect(results).toHaveLength(6);
});
