import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BrokerProcess } from "../brokers/broker-process.ts";
import { startBowline } from "../brokers/start-bowline.ts";
import { findMosquitto, mosquittoIsMissing, startMosquitto } from "../brokers/start-mosquitto.ts";
import { benchCodec } from "../codec.ts";
import { compareBrokers, missedBy } from "./compare-brokers.ts";
import { measure, measureChurn } from "./measure.ts";

const mosquittoPath = findMosquitto();
let bowline: BrokerProcess;

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
        const result = await measure(bowline, { mode, n, qos, count: mode === "fanout" ? 4000 : 5000, version: qos === 1 ? 5 : 4 });
        expect(result).toMatchObject({ ok: true, lost: 0, gaps: 0, duplicates: 0, bad: 0, failed: 0 });
      });
    }
  }

  test("topics that alternate do not mix", async () => {
    for (const qos of [0, 1] as const) {
      expect(await measure(bowline, { mode: "pairs", n: 10, qos, topics: 4, count: 5000 })).toMatchObject({ ok: true });
    }
  });

  test("connections that come and go all get their CONNACK", async () => {
    expect(await measureChurn(bowline, { n: 20, count: 300 })).toMatchObject({ ok: true, connections: 300, failed: 0 });
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

test.skipIf(mosquittoPath === undefined)(
  `pairs at QoS 0 cost at least 8 times less CPU than mosquitto${mosquittoPath === undefined ? ` (${mosquittoIsMissing})` : ""}`,
  async () => {
    const mosquitto = await startMosquitto(mosquittoPath!);
    try {
      const one = { mode: "pairs", n: 20, qos: 0, topics: 1, target: 8 } as const;
      const comparison = await compareBrokers({ bowline, mosquitto }, one, { rounds: 1, seconds: 1.5, warm: 0.5 });
      expect(comparison.bowline.verified).toBe(1);
      expect(comparison.mosquitto.verified).toBe(1);
      expect(comparison.cpuRatio).toBeGreaterThan(8);
      expect(missedBy({ ...comparison, isHeld: true })).toEqual([]);
    } finally {
      await mosquitto.stop();
    }
  },
  30_000,
);

test("the codec keeps its distance to mqtt-packet", { timeout: 60_000 }, async () => {
  const results = await benchCodec(1);
  // Two thirds of the target: beside other tests a single round swings.
  expect(results.filter(({ ratio, target }) => ratio < (target * 2) / 3)).toEqual([]);
  expect(results).toHaveLength(6);
});
