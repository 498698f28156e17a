import { afterAll, beforeAll, expect, test } from "vitest";
import type { AttackedBroker } from "@bowline/testkit/security";
import { fuzzSockets, GROWTH_MAX, WARM_BYTES } from "./fuzz-sockets.ts";
import { startTarget } from "./target.ts";

const isLong = process.env["BOWLINE_LONG"] === "1";
const SECONDS = Number(process.env["FUZZ_SECONDS"] ?? (isLong ? 3_600 : 5));
const seed = Number(process.env["FUZZ_SEED"] ?? Date.now() % 2 ** 31);
/** A pause of the attacker's own process counts as the broker's, and CI's two cores are busy. */
const FRIEND_P99_MS = 500;
const FRIEND_WORST_MS = 5_000;

let broker: AttackedBroker;
beforeAll(async () => {
  broker = await startTarget();
});
afterAll(() => broker?.remove());

test(`${SECONDS} s of mutated connections over TCP, TLS and WebSocket: each is answered or closed, the process lives, its memory returns, and a friend notices nothing (seed ${seed})`, {
  timeout: SECONDS * 1_000 + 120_000,
}, async () => {
  const end = performance.now() + SECONDS * 1_000;
  const report = await fuzzSockets(broker, seed, 0, () => performance.now() > end);
  if (isLong) console.log(`figure: sockets, seed ${seed}: ${JSON.stringify(report)}`);
  // An attacker who is mostly refused at once, or never, would test little.
  expect(report.inputs).toBeGreaterThan(SECONDS * 20);
  expect(report.answered).toBeGreaterThan(report.inputs / 3);
  expect(report.unopened).toBe(0);
  expect(report.friend.disturbances).toEqual([]);
  expect(report.friend.p99Ms).toBeLessThan(FRIEND_P99_MS);
  expect(report.friend.worstMs).toBeLessThan(FRIEND_WORST_MS);
  expect(report.endBytes).toBeLessThan(report.startBytes + WARM_BYTES);
  if (isLong) expect(report.secondHalfBytes).toBeLessThan(report.firstHalfBytes + GROWTH_MAX);
  expect(broker.faults).toEqual([]);
  expect(await broker.stop()).toBe(0);
});
