import { expect, test } from "vitest";
import { measureReload } from "./reload-of-sessions.ts";
import { measureReturn } from "./return-of-many.ts";

const isLong = process.env["BOWLINE_LONG"] === "1";
/** Daily just more than one address may fail with at once. */
const clients = isLong ? 1000 : 110;
const sessions = isLong ? 100_000 : 1500;

test(`${clients} clients with passwords are back within 15 s of a kill, and none is refused`, { timeout: 180_000 }, async () => {
  const { coldPerSecond, returns } = await measureReturn(clients, isLong ? ["backoff", "everySecond"] : ["everySecond"]);
  const words = returns.map(({ kind, seconds, refused }) => `${kind} ${seconds.toFixed(1)} s, refused ${JSON.stringify(refused)}`);
  console.log(`figure: ${clients} passwords after a kill: ${words.join("; ")}; cold logins ${coldPerSecond.toFixed(0)}/s`);
  for (const { seconds, refused } of returns) {
    expect(refused).toEqual({});
    expect(seconds).toBeLessThan(15);
  }
});

test(`${sessions} sessions with ten subscriptions each are loaded within 10 s`, { timeout: 120_000 }, async () => {
  const { cleanSeconds, killedSeconds } = await measureReload(sessions);
  console.log(`figure: ${sessions} sessions: ready after ${cleanSeconds.toFixed(1)} s, after a kill ${killedSeconds.toFixed(1)} s`);
  expect(cleanSeconds).toBeLessThan(10);
  // A kill costs a walk through the store more.
  expect(killedSeconds).toBeLessThan(15);
});
