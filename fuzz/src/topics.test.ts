import { expect, test } from "vitest";
import { fuzzTopics } from "./topics.ts";

const isLong = process.env["BOWLINE_LONG"] === "1";
const COUNT = isLong ? 3_000_000 : 25_000;
const seed = Number(process.env["FUZZ_SEED"] ?? Date.now() % 2 ** 31);

test(`[MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT-4.7.2-1] [MQTT-4.8.2-1] ${COUNT} sets of texts are judged and matched as a naive reading does (seed ${seed})`, {
  timeout: isLong ? 900_000 : 60_000,
}, () => {
  const report = fuzzTopics(seed, 0, COUNT);
  expect(report.inputs).toBe(COUNT);
  expect(report.names).toBeGreaterThan(COUNT / 4);
  expect(report.filters).toBeGreaterThan(COUNT / 4);
  expect(report.matched).toBeGreaterThan(COUNT / 4);
});
