import { getHeapStatistics } from "node:v8";
import { PacketType } from "@bowline/protocol";
import { VirtualClock } from "@bowline/testkit/virtual";
import { BrokerWorld, connectOf, recordingLogger } from "@bowline/testkit/broker";
import { describe, expect, test } from "vitest";
import type { Authenticator } from "../auth/authenticator.ts";
import { Counters } from "../metrics/counters.ts";
import { AdmissionGate } from "./admission-gate.ts";
import { type BrokerLimits, defaultLimits } from "./broker-limits.ts";
import { memoryWarning } from "./memory-held.ts";

/** Takes the user name for the owner. */
const byName: Authenticator = {
  authenticateNow: ({ username }) => ({ allowed: true, owner: username ?? "" }),
  authenticate: async ({ username }) => ({ allowed: true, owner: username ?? "" }),
};

async function answerOf(world: BrokerWorld, version: 4 | 5, clientIdentifier: string, username?: string): Promise<unknown> {
  const client = world.dial(version);
  client.send(connectOf(version, { clientIdentifier, ...(username === undefined ? {} : { username }) }));
  const [connack] = await client.take();
  expect(connack).toMatchObject({ type: PacketType.CONNACK });
  return (connack as { reasonCode: number }).reasonCode;
}

describe("connections of one owner", () => {
  test("beyond maximumConnectionsPerOwner are refused with 0x97, on 3.1.1 with Server unavailable, and others come in", async () => {
    const world = await BrokerWorld.start({ authenticator: byName, limits: { maximumConnectionsPerOwner: 2 } });
    expect(await answerOf(world, 5, "one", "fleet")).toBe(0);
    expect(await answerOf(world, 5, "two", "fleet")).toBe(0);
    expect(await answerOf(world, 5, "three", "fleet")).toBe(0x97);
    expect(await answerOf(world, 4, "three", "fleet")).not.toBe(0);
    expect(await answerOf(world, 5, "three", "another")).toBe(0);
    expect(world.broker.counters.refusedOwner).toBe(2);
  });

  test("may be taken over at the limit, and one that ends makes room", async () => {
    const world = await BrokerWorld.start({ authenticator: byName, limits: { maximumConnectionsPerOwner: 1 } });
    expect(await answerOf(world, 5, "one", "fleet")).toBe(0);
    expect(await answerOf(world, 5, "one", "fleet")).toBe(0);
    expect(await answerOf(world, 5, "two", "fleet")).toBe(0x97);
    for (const link of world.network.links) link.cut();
    await world.settle();
    expect(await answerOf(world, 5, "two", "fleet")).toBe(0);
  });

  test("of anonymous clients, who have no owner, are not limited by it", async () => {
    const world = await BrokerWorld.start({ limits: { maximumConnectionsPerOwner: 1 } });
    await world.client();
    await world.client();
  });
});

describe("a client that connects again and again", () => {
  test("may come once in a while for as long as it likes, and is known again at once when it hurries", async () => {
    const clock = new VirtualClock();
    const host = { clock, limits: { ...defaultLimits, reconnectsPerMinute: 2 } };
    const gate = new AdmissionGate(host);
    const counters = new Counters();
    const comes = (): boolean =>
      gate.refuseFlapping({ tenant: "default", owner: "", clientIdentifier: "often" }, counters) === undefined;
    for (let count = 0; count < 5; count++) {
      expect(comes()).toBe(true);
      await clock.advance(61_000);
    }
    expect([comes(), comes(), comes()]).toEqual([true, true, false]);
    await clock.advance(31_000);
    expect([comes(), comes()]).toEqual([true, false]);
  });

  test("is refused with 0x9F beyond reconnectsPerMinute, comes in when it has waited, and nobody else notices", async () => {
    const world = await BrokerWorld.start({ authenticator: byName, limits: { reconnectsPerMinute: 4 } });
    for (let count = 0; count < 4; count++) expect(await answerOf(world, 5, "flapping", "user")).toBe(0);
    expect(await answerOf(world, 5, "flapping", "user")).toBe(0x9f);
    expect(await answerOf(world, 5, "flapping", "another")).toBe(0);
    expect(await answerOf(world, 5, "steady", "user")).toBe(0);
    await world.clock.advance(15_000);
    expect(await answerOf(world, 5, "flapping", "user")).toBe(0);
    expect(await answerOf(world, 5, "flapping", "user")).toBe(0x9f);
    expect(world.broker.counters.refusedFlapping).toBe(2);
  });

  test("is another one each time, when the broker assigns its Client Identifier", async () => {
    const world = await BrokerWorld.start({ limits: { reconnectsPerMinute: 1 } });
    for (let count = 0; count < 3; count++) expect(await answerOf(world, 5, "")).toBe(0);
  });
});

describe("an overloaded broker", () => {
  function gateWith(limits: Partial<BrokerLimits>, memory = () => ({ all: 0, heap: 0 })) {
    const clock = new VirtualClock();
    return { clock, gate: new AdmissionGate({ clock, limits: { ...defaultLimits, ...limits } }, memory) };
  }

  test("refuses with 0x89 while it lags, but not after one pause", async () => {
    const { clock, gate } = gateWith({ maximumLagMs: 1_000 });
    const counters = new Counters();
    const code = () => gate.refuseEarly(counters)?.reasonCode;
    gate.look(250);
    await clock.advance(5_000);
    gate.look(250);
    expect(code()).toBeUndefined();
    await clock.advance(1_251);
    gate.look(250);
    expect(code()).toBe(0x89);
    expect(counters.refusedOverload).toBe(1);
    await clock.advance(250);
    gate.look(250);
    expect(code()).toBeUndefined();
  });

  test("refuses with 0x97 while it holds more memory than it may", () => {
    let bytes = 0;
    const { gate } = gateWith({ maximumMemoryBytes: 1_000 }, () => ({ all: bytes, heap: 0 }));
    const code = () => gate.refuseEarly(new Counters())?.reasonCode;
    gate.look(250);
    expect(code()).toBeUndefined();
    bytes = 1_001;
    gate.look(250);
    expect(code()).toBe(0x97);
    bytes = 1_000;
    gate.look(250);
    expect(code()).toBeUndefined();
  });

  test("refuses with 0x97 before V8's heap is full, whatever maximumMemoryBytes says", () => {
    let heap = 0;
    const { gate } = gateWith({ maximumMemoryBytes: Number.MAX_SAFE_INTEGER }, () => ({ all: heap, heap }));
    const code = () => gate.refuseEarly(new Counters())?.reasonCode;
    const { heap_size_limit: limit } = getHeapStatistics();
    for (const [share, expected] of [
      [0.8, undefined],
      [0.9, 0x97],
      [0.8, undefined],
    ] as const) {
      heap = share * limit;
      gate.look(250);
      expect(code()).toBe(expected);
    }
  });

  test("a maximumMemoryBytes that the process can never hold is warned of", () => {
    const [machine, heap] = [16e9, 4e9];
    expect(memoryWarning(0, machine, heap)).toBeUndefined();
    expect(memoryWarning(3e9, machine, heap)).toBeUndefined();
    expect(memoryWarning(8_388_608_000, machine, heap)).toContain("V8's heap ends at 4000 MB");
    expect(memoryWarning(8_388_608_000, machine, heap)).toContain("NODE_OPTIONS=--max-old-space-size=8000");
    expect(memoryWarning(17e9, machine, heap)).toContain("the machine or its container has 16000 MB");
  });

  test("says in the log when it begins and when it ends", async () => {
    const { logger, lines } = recordingLogger();
    const world = await BrokerWorld.start({ logger });
    world.broker.changeLimits({ maximumMemoryBytes: 1 });
    await world.clock.advance(2_000);
    expect(lines("new connections")).toEqual([{ because: "the broker holds as much memory as it may (maximumMemoryBytes)" }]);
    world.broker.changeLimits({});
    await world.clock.advance(2_000);
    expect(lines("new connections")).toHaveLength(2);
  });

  test("refuses newcomers before it asks who they are, and serves those who are connected", async () => {
    let asked = 0;
    const authenticator: Authenticator = {
      authenticateNow: () => (asked++, { allowed: true, owner: "" }),
      authenticate: async () => ({ allowed: true, owner: "" }),
    };
    const world = await BrokerWorld.start({ authenticator });
    const friend = await world.client();
    world.broker.changeLimits({ maximumMemoryBytes: 1 });
    await world.clock.advance(500);
    asked = 0;
    expect(await answerOf(world, 5, "new")).toBe(0x97);
    expect(asked).toBe(0);
    friend.send({ type: PacketType.PINGREQ });
    expect(await friend.take()).toMatchObject([{ type: PacketType.PINGRESP }]);
  });
});
