import { expect, test } from "vitest";
import { ConnectionLimiter } from "./connection-limiter.ts";
import { type ConnectionLimits, withinOpenFiles } from "./connection-limits.ts";

const NONE: ConnectionLimits = {
  maximumConnections: 0,
  maximumConnectionsPerAddress: 0,
  connectionsPerSecond: 0,
  connectionsPerSecondPerAddress: 0,
  handshakesPerSecond: 0,
  handshakesPerSecondPerAddress: 0,
};

function limiterWith(limits: Partial<ConnectionLimits>): { limiter: ConnectionLimiter; pass: (ms: number) => void } {
  let now = 0;
  const limiter = new ConnectionLimiter({ ...NONE, ...limits }, () => now);
  return { limiter, pass: (ms) => (now += ms) };
}

test("without limits everybody comes in, and is counted", () => {
  const { limiter } = limiterWith({});
  for (let count = 0; count < 1_000; count++) expect(limiter.enter("192.0.2.1")).toBeUndefined();
  for (let count = 0; count < 1_000; count++) expect(limiter.handshake("192.0.2.1")).toBeUndefined();
  expect(limiter.open).toBe(1_000);
});

test("the limit of all connections holds for every address, and a place that is left is free again", () => {
  const { limiter } = limiterWith({ maximumConnections: 2 });
  expect(limiter.enter("192.0.2.1")).toBeUndefined();
  expect(limiter.enter("192.0.2.2")).toBeUndefined();
  expect(limiter.enter("192.0.2.3")).toBe("connectionLimit");
  limiter.leave("192.0.2.1");
  expect(limiter.enter("192.0.2.3")).toBeUndefined();
});

test("clients leave the process some of the files that it may open", () => {
  const most = (maximumConnections: number, openFiles: number | undefined): number =>
    withinOpenFiles({ ...NONE, maximumConnections }, openFiles).maximumConnections;
  expect([most(100_000, 1_024), most(0, 1_024), most(500, 1_024), most(0, 64), most(0, undefined)]).toEqual([924, 924, 500, 32, 0]);
});

test("the limit of an address is its own, and an IPv6 address counts with its /64", () => {
  const { limiter } = limiterWith({ maximumConnectionsPerAddress: 1 });
  expect(limiter.enter("2001:db8::1")).toBeUndefined();
  expect(limiter.enter("2001:db8:0:0:ffff::2")).toBe("addressLimit");
  expect(limiter.enter("2001:db8:0:1::1")).toBeUndefined();
  expect(limiter.enter("192.0.2.1")).toBeUndefined();
  limiter.leave("2001:db8:0:0:ffff::2");
  expect(limiter.enter("2001:db8::3")).toBeUndefined();
});

test("an address that floods is held to its rate and leaves the others theirs", () => {
  const { limiter, pass } = limiterWith({ connectionsPerSecond: 100, connectionsPerSecondPerAddress: 10 });
  let letIn = 0;
  for (let second = 0; second < 10; second++) {
    for (let count = 0; count < 5_000; count++) if (limiter.enter("192.0.2.1") === undefined) letIn++;
    expect(limiter.enter("192.0.2.2")).toBeUndefined();
    pass(1_000);
  }
  // 40 at once, and 10 in each of the nine seconds after that.
  expect(letIn).toBe(130);
});

test("a flood from many addresses meets the rate of all", () => {
  const { limiter } = limiterWith({ handshakesPerSecond: 25, handshakesPerSecondPerAddress: 10 });
  const causes = Array.from({ length: 200 }, (_, index) => limiter.handshake(`192.0.2.${index}`));
  expect(causes.filter((cause) => cause === undefined)).toHaveLength(100);
  expect(causes.at(-1)).toBe("handshakeRate");
});

test("other limits hold for what comes next, and who is in stays", () => {
  const { limiter } = limiterWith({});
  limiter.enter("192.0.2.1");
  limiter.enter("192.0.2.1");
  limiter.limits = { ...NONE, maximumConnectionsPerAddress: 1 };
  expect(limiter.open).toBe(2);
  expect(limiter.enter("192.0.2.1")).toBe("addressLimit");
});

test("while the broker is overloaded no handshake begins, and connections without one are left to answer", () => {
  let isOverloaded = true;
  const limiter = new ConnectionLimiter(
    NONE,
    () => 0,
    () => isOverloaded,
  );
  expect(limiter.enter("192.0.2.1")).toBeUndefined();
  expect(limiter.handshake("192.0.2.1")).toBe("overloaded");
  isOverloaded = false;
  expect(limiter.handshake("192.0.2.1")).toBeUndefined();
});
