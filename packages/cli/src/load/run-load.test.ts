import { afterEach, expect, test } from "vitest";
import { type BrokerFault, FaultyBroker } from "../testing/faulty-broker.ts";
import type { LoadOptions } from "./load-options.ts";
import type { LoadResult } from "./load-result.ts";
import { plainServer } from "./load-server.ts";
import { runLoad } from "./run-load.ts";

/** What differs from test to test; the three shapes go by the names that they have in figures. */
type Changes = Partial<Omit<LoadOptions, "server">> & { mode?: "pairs" | "fanin" | "fanout"; n?: number; version?: 4 | 5 };

const defaults: Omit<LoadOptions, "server" | "topology" | "publishers" | "subscribers"> = {
  prefix: "bench",
  topics: 1,
  qos: 0,
  retain: false,
  message: undefined,
  hasTimes: false,
  size: 64,
  window: 512,
  inflight: 100,
  rate: 0,
  seconds: 5,
  warm: 1,
  count: 500,
  ramp: 0,
  // What threads add to it has tests of its own.
  threads: 1,
  pid: 0,
  patience: 300,
};

let broker: FaultyBroker | undefined;

afterEach(async () => {
  await broker?.stop();
  broker = undefined;
});

async function run(fault: BrokerFault, { mode = "pairs", n = 4, version = 4, ...changes }: Changes = {}): Promise<LoadResult> {
  broker = await FaultyBroker.start(fault, version);
  return runLoad({
    ...defaults,
    threads: mode === "fanin" ? 2 : 1,
    server: plainServer("127.0.0.1", broker.port, version),
    topology: mode === "pairs" ? "pairs" : "shared",
    publishers: mode === "fanout" ? 1 : n,
    subscribers: mode === "fanin" ? 1 : n,
    ...changes,
  });
}

for (const mode of ["pairs", "fanin", "fanout"] as const) {
  for (const qos of [0, 1, 2] as const) {
    for (const version of [4, 5] as const) {
      test(`${mode} at QoS ${qos} on level ${version} counts what the broker forwarded`, async () => {
        const result = await run("none", { mode, qos, version });
        const deliveries = 4 * 500;
        expect(result).toMatchObject({
          ok: true,
          expected: deliveries,
          received: deliveries,
          lost: 0,
          unacknowledged: 0,
          reasons: [],
        });
        expect(broker!.delivered).toBe(deliveries);
      });
    }
  }
}

test("topics in turn: each message is expected on its own", async () => {
  expect(await run("none", { topics: 3, version: 5 })).toMatchObject({ ok: true, received: 2000 });
});

test("in a time instead of a count everything that was sent is waited for", async () => {
  const result = await run("none", { count: 0, seconds: 0.2, warm: 0.1 });
  expect(result.ok).toBe(true);
  expect(result.received).toBe(broker!.delivered);
  expect(result.receivedPerSecond).toBeGreaterThan(0);
});

test("an open loop keeps its rate and measures from when a message was due", async () => {
  const result = await run("none", { count: 0, rate: 2000, seconds: 0.5, warm: 0.1, qos: 1 });
  expect(result).toMatchObject({ lost: 0, unacknowledged: 0, failed: 0, bad: 0 });
  expect(result.sentPerSecond).toBeGreaterThan(1500);
  expect(result.sentPerSecond).toBeLessThan(2500);
  expect(result.latencyUs.p50).toBeGreaterThan(0);
  expect(result.latencyUs.p50).toBeLessThanOrEqual(result.latencyUs.max);
});

test("payloads of every size the generator allows arrive whole", async () => {
  for (const size of [16, 19, 20, 100, 5000, 131_072]) {
    expect(await run("none", { size, count: 20 })).toMatchObject({ ok: true, received: 80 });
    await broker!.stop();
    broker = undefined;
  }
});

test("threads wake each other's publishers: a window of one message still moves", async () => {
  expect(await run("none", { mode: "fanin", window: 1, threads: 3 })).toMatchObject({ ok: true, received: 2000 });
});

const faults: readonly [fault: BrokerFault, changes: Changes, found: Partial<LoadResult>][] = [
  ["loses", {}, { lost: 1, gaps: 1, late: 0, duplicates: 0, bad: 0 }],
  ["doubles", {}, { lost: 0, gaps: 0, duplicates: 1 }],
  ["reorders", { mode: "fanin", n: 1 }, { lost: 0, gaps: 1, late: 1, duplicates: 0 }],
  ["corrupts", {}, { lost: 1, bad: 1 }],
  ["cuts", {}, { lost: 1, bad: 1 }],
  ["misroutes", {}, { lost: 1, bad: 1 }],
  ["retains", {}, { lost: 1, bad: 1 }],
  ["forgets to acknowledge", { qos: 1 }, { lost: 0, unacknowledged: 1 }],
  ["swaps acknowledgements", { qos: 1, n: 1 }, { lost: 0, unacknowledged: 0, bad: expect.toSatisfy((bad) => bad > 0) }],
];
for (const [fault, changes, found] of faults) {
  test(`a broker that ${fault} once is not ok`, async () => {
    const result = await run(fault, changes);
    expect(result).toMatchObject({ ok: false, ...found });
  });
}

test("a topic that is another one's turn is not ok", async () => {
  expect(await run("takes the wrong topic", { topics: 3, n: 1 })).toMatchObject({ ok: false, bad: 1, lost: 1 });
});

test("a connection that the broker closes is not ok, and said", async () => {
  const result = await run("closes");
  expect(result.ok).toBe(false);
  expect(result.failed).toBe(1);
  expect(result.reasons[0]).toMatch(/subscriber: /);
});

const own = { payloads: [Buffer.from("one"), Buffer.from("two")], isTemplate: false, properties: {}, hasAliases: false };

test.each([
  ["none", { ok: true, lost: 0, bad: 0 }],
  ["loses", { ok: false, lost: 1, gaps: 1 }],
  ["doubles", { ok: false, duplicates: 1 }],
  ["corrupts", { ok: false, lost: 1, bad: 1 }],
  ["misroutes", { ok: false, lost: 1, bad: 1 }],
  ["retains", { ok: false, lost: 1, bad: 1 }],
] as const)("messages of one's own: a broker with the fault %s is found out", async (fault, found) => {
  const properties = { contentType: "text/plain", userProperties: [["a", "b"] as const], messageExpiryInterval: 60 };
  const message = { ...own, properties };
  expect(await run(fault, { version: 5, qos: 1, message })).toMatchObject(found);
});

test("templates are filled in for each message, and topics in turn have aliases", async () => {
  const message = { ...own, payloads: [Buffer.from("{{counter}} {{uuid}}")], isTemplate: true, hasAliases: true };
  expect(await run("none", { version: 5, topics: 3, message })).toMatchObject({ ok: true, received: 2000 });
});

test("a broker that falls silent is charged for every message that was due, sent or not", async () => {
  const changes = { count: 0, rate: 50_000, seconds: 1, warm: 0, size: 20_000, n: 1, patience: 100 } as const;
  const result = await run("falls silent", changes);
  expect(result).toMatchObject({ ok: false, failed: 0, unsent: expect.toSatisfy((unsent) => unsent > 10_000) });
  expect(result.latencyUs.p50).toBeGreaterThan(200_000);
});

test("when every connection is lost the run ends, with what was measured until then", async () => {
  const running = run("none", { count: 0, seconds: 60, warm: 0 });
  while (broker === undefined || broker.delivered === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  broker.cutAll();
  const result = await running;
  expect(result).toMatchObject({ ok: false, failed: 8 });
  expect(result.seconds).toBeLessThan(30);
});

test("a thread that dies ends the run", async () => {
  await expect(run("none", { message: { ...own, payloads: [] }, version: 5 })).rejects.toThrow(/Invalid|ERR|range/i);
});

test("an attempt that is refused is repeated as often as was asked for", async () => {
  broker = await FaultyBroker.start("refuses every other connection", 5);
  const server = { ...plainServer("127.0.0.1", broker.port, 5), retries: 20 };
  const two = { topology: "pairs", publishers: 2, subscribers: 2 } as const;
  expect(await runLoad({ ...defaults, ...two, server })).toMatchObject({ ok: true, received: 1000 });
  await expect(runLoad({ ...defaults, ...two, server: { ...server, retries: 0 } })).rejects.toThrow(/became ready/);
});

test("a port where nobody listens ends with an error and not with a figure", async () => {
  broker = await FaultyBroker.start("none");
  const { port } = broker;
  await broker.stop();
  broker = undefined;
  const server = plainServer("127.0.0.1", port);
  const one = { topology: "pairs", publishers: 1, subscribers: 1 } as const;
  await expect(runLoad({ ...defaults, ...one, server })).rejects.toThrow(/ECONNREFUSED/);
});
