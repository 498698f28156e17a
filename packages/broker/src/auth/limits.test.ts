import { expect, test } from "vitest";
import { addressKey } from "./address-key.ts";
import { AttemptLimiter, type HeldAttempt } from "./attempt-limiter.ts";
import { RememberedPasswords } from "./remembered-passwords.ts";

test("attempts refill with time up to the burst", () => {
  let now = 0;
  const limiter = new AttemptLimiter({ burst: 2, refillMs: 100, maximumKeys: 10 }, () => now);
  expect([limiter.take("a"), limiter.take("a"), limiter.take("a")]).toEqual([true, true, false]);
  expect(limiter.take("b")).toBe(true);
  now = 100;
  expect([limiter.take("a"), limiter.take("a")]).toEqual([true, false]);
  now = 10_000;
  expect([limiter.take("a"), limiter.take("a"), limiter.take("a")]).toEqual([true, true, false]);
});

test("whoever finds no attempt left waits for those in flight, as many as may, and is refused when all of them have failed", async () => {
  const limiter = new AttemptLimiter({ burst: 1, refillMs: 100, maximumKeys: 10, maximumWaiting: 2 }, () => 0);
  const never = new AbortController().signal;
  const gone = new AbortController();
  const first = (await limiter.hold("a", never)) as HeldAttempt;
  const [second, third] = [limiter.hold("a", never), limiter.hold("a", gone.signal)];
  expect(await limiter.hold("a", never)).toBe("busy");
  gone.abort();
  expect(await third).toBeUndefined();
  const fourth = limiter.hold("a", never);
  first.end(false);
  ((await second) as HeldAttempt).end(true);
  expect(await fourth).toBeUndefined();
  expect(await limiter.hold("a", never)).toBeUndefined();
});

test("who has all attempts back is forgotten, and nobody else", () => {
  let now = 0;
  const limiter = new AttemptLimiter({ burst: 2, refillMs: 100, maximumKeys: 100_000 }, () => now);
  const guesses = (name: string): boolean[] => [limiter.take(name), limiter.take(name), limiter.take(name)];
  for (let i = 0; i < 20_000; i++) {
    limiter.take(`once-${i}`);
    now++;
  }
  expect(limiter.size).toBeLessThan(2_000);
  expect(guesses("guesser")).toEqual([true, true, false]);
  for (let i = 0; i < 50_000; i++) {
    limiter.take(`crowd-${i}`);
    if (i % 1_000 === 0) now++;
  }
  expect(limiter.take("guesser")).toBe(false);
});

test("names of any length are told apart", () => {
  const limiter = new AttemptLimiter({ burst: 1, refillMs: 100, maximumKeys: 10 }, () => 0);
  const long = "x".repeat(60_000);
  expect([`${long}1`, `${long}2`, `${long}1`].map((name) => limiter.take(name))).toEqual([true, true, false]);
});

test("the tables stay bounded whatever names a peer invents", () => {
  const limiter = new AttemptLimiter({ burst: 2, refillMs: 100, maximumKeys: 50 }, () => 0);
  const remembered = new RememberedPasswords(() => 0, 50);
  const password = new Uint8Array([1]);
  const users = Array.from({ length: 1_000 }, (_, i) => ({ tenant: "t", username: `u${i}`, passwordHash: "", createdAt: 0 }));
  for (const user of users) {
    limiter.take(user.username);
    remembered.remember(user, password);
  }
  expect(limiter.size).toBe(50);
  expect(users.filter((user) => remembered.matches(user, password))).toEqual(users.slice(-50));
});

test.each([
  ["192.0.2.7", "192.0.2.7"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:DB8:1:2::9", "2001:db8:1:2::/64"],
  ["2001:db8::9", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["", ""],
])("the address %s counts as %s", (address, key) => {
  expect(addressKey(address)).toBe(key);
});
