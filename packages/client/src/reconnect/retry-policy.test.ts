import { describe, expect, test } from "vitest";
import { RetryPolicy, type RetryInput } from "./retry-policy.ts";

const refused: RetryInput = { code: "TCP_REFUSED", stage: "tcp", retry: "backoff", hasNewCredentials: false };
const denied: RetryInput = { code: "BAD_CREDENTIALS", stage: "mqtt", retry: "new-credentials", hasNewCredentials: false };
const takenOver: RetryInput = { code: "TAKEOVER", stage: "session", retry: "loop-guard", hasNewCredentials: false };

function delays(random: number, count: number): (number | undefined)[] {
  const policy = new RetryPolicy({}, () => random);
  return Array.from({ length: count }, () => policy.next(refused, 0));
}

describe("delays", () => {
  test("grow from 0..2 s over 2..4 s to 30..60 s", () => {
    expect(delays(0, 8)).toEqual([0, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    expect(delays(1, 8)).toEqual([2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  test("begin anew after a connection of 30 s, and not before", () => {
    const policy = new RetryPolicy({}, () => 1);
    for (let i = 0; i < 4; i++) policy.next(refused, 0);
    policy.connected();
    policy.lost(29_999);
    expect(policy.next(refused, 0)).toBe(32_000);
    policy.lost(30_000);
    expect(policy.next(refused, 0)).toBe(2000);
  });

  test("are the caller's own where given", () => {
    const policy = new RetryPolicy({ delay: (n) => n * 10 }, () => 1);
    expect([policy.next(refused, 0), policy.next(refused, 0)]).toEqual([10, 20]);
  });

  test("obey what the server asks for", () => {
    const policy = new RetryPolicy({}, () => 0);
    expect(policy.next({ ...refused, retryAfterMs: 7000 }, 0)).toBe(7000);
  });
});

describe("giving up", () => {
  test("on refused credentials unless there are new ones", () => {
    const policy = new RetryPolicy({}, () => 0);
    expect(policy.next(denied, 0)).toBeUndefined();
    expect(policy.next({ ...denied, hasNewCredentials: true }, 0)).toBe(2000);
    policy.connected();
    expect(policy.next(denied, 0)).toBeUndefined();
  });

  test("on wrong input at first, and never once it has worked", () => {
    const wrong: RetryInput = { code: "TLS_EXPIRED", stage: "tls", retry: "new-input", hasNewCredentials: false };
    const policy = new RetryPolicy({}, () => 0);
    expect(policy.next(wrong, 0)).toBeUndefined();
    policy.connected();
    expect(policy.next(wrong, 0)).toBe(2000);
  });

  test("at the third takeover within a minute", () => {
    const policy = new RetryPolicy({}, () => 0);
    expect(policy.next(takenOver, 0)).toBe(0);
    expect(policy.next(takenOver, 30_000)).toBe(2000);
    expect(policy.next(takenOver, 59_000)).toBeUndefined();
    expect(policy.next(takenOver, 200_000)).toBe(8000);
  });

  test("at the third failure in a row that waiting does not mend, but never for want of a name server later", () => {
    const unknown: RetryInput = { code: "DNS_NXDOMAIN", stage: "dns", retry: "loop-guard", hasNewCredentials: false };
    const policy = new RetryPolicy({}, () => 0);
    expect([policy.next(unknown, 0), policy.next(unknown, 0), policy.next(unknown, 0)]).toEqual([0, 2000, undefined]);
    policy.connected();
    expect(policy.next(unknown, 0)).toBeDefined();
  });

  test("after as many attempts as were allowed", () => {
    const policy = new RetryPolicy({ maximumAttempts: 2 }, () => 0);
    expect([policy.next(refused, 0), policy.next(refused, 0)]).toEqual([0, undefined]);
  });
});

/** 1,000 clients cut at once while the broker is away for 5 s, by the numbers alone. */
test("a herd comes back spread out", () => {
  let seed = 42;
  const random = (): number => {
    seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return seed / 2 ** 32;
  };
  const bins = new Map<number, number>();
  let attemptsWhileDown = 0;
  const recoveries: number[] = [];
  for (let client = 0; client < 1000; client++) {
    const policy = new RetryPolicy({}, random);
    let at = 0;
    for (;;) {
      at += policy.next(refused, at) ?? Number.NaN;
      bins.set(Math.floor(at / 100), (bins.get(Math.floor(at / 100)) ?? 0) + 1);
      if (at >= 5000) break;
      attemptsWhileDown++;
    }
    recoveries.push(at - 5000);
  }
  recoveries.sort((a, b) => a - b);
  expect(Math.max(...bins.values())).toBeLessThanOrEqual(85);
  expect(attemptsWhileDown / 1000).toBeLessThanOrEqual(2);
  expect(recoveries[989]).toBeLessThanOrEqual(9000);
});
