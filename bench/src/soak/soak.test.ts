import { seededRandom } from "@bowline/testkit/virtual";
import { expect, test } from "vitest";
import { runSoak } from "./run-soak.ts";

const isLong = process.env["BOWLINE_LONG"] === "1";
const seed = Number(process.env["BOWLINE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
/** Half an hour of churn; daily so short that only what leaks with each connection or message can be seen. */
const settings = isLong ? { phaseMs: 120_000, phases: 15, width: 50 } : { phaseMs: 1000, phases: 4, width: 25 };
/** Phases until code is compiled, and tables and caches have their size. */
const WARM_PHASES = 3;
const MIB = 2 ** 20;
/** Of the heap; a broker of some 30 MB that serves a hundred thousand clients and leaks 20 bytes of each is beyond it. */
const HEAP_MAY_GROW = 2 * MIB;
/** What allocators keep goes up and down by more than half of it: compared is the least of the first and of the second half. */
const ANONYMOUS_MAY_GROW = 32 * MIB;

test(`clients that come and go for ${(settings.phaseMs * settings.phases) / 1000} s leave nothing behind (seed ${seed})`, {
  timeout: settings.phaseMs * settings.phases + 300_000,
}, async () => {
  const result = await runSoak({ ...settings, random: seededRandom(seed) });
  const { held, steadySent, steadyReceived, leftConnections, leftSessions, connections, messages, refused } = result;
  const heaps = held.map(({ heap }) => (heap / MIB).toFixed(1));
  const anonymous = held.map(({ anonymous: bytes }) => (bytes / MIB).toFixed(0));
  console.log(
    `figure: soak, ${connections} connections, ${refused} refused, ${messages} messages; MiB of heap ${heaps.join(" ")}; MiB anonymous ${anonymous.join(" ")}`,
  );
  expect(steadyReceived).toBe(steadySent);
  expect({ leftConnections, leftSessions }).toEqual({ leftConnections: 0, leftSessions: 0 });
  expect(connections).toBeGreaterThan(isLong ? 50_000 : 100);
  const warm = held.slice(WARM_PHASES - 1);
  expect(warm.at(-1)!.heap - warm[0]!.heap).toBeLessThan(HEAP_MAY_GROW);
  const half = Math.ceil(warm.length / 2);
  const least = (some: typeof warm): number => Math.min(...some.map(({ anonymous: bytes }) => bytes));
  if (isLong) expect(least(warm.slice(half)) - least(warm.slice(0, half))).toBeLessThan(ANONYMOUS_MAY_GROW);
});
