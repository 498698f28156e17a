import { PacketType } from "@bowline/protocol";
import { afterEach, expect, test } from "vitest";
import { BrokerWorld, connectOf, type TestClient } from "@bowline/testkit/broker";
import type { Trace, TraceLimits } from "./trace.ts";
import type { TracedPacket, TraceEvent } from "@bowline/protocol/internal";
import type { TraceRequest } from "./trace-scope.ts";
import { TRACES_MAX } from "./traces.ts";

const LIMITS: TraceLimits = { seconds: 60, packets: 1_000, payloadBytes: 16 };

const traces: Trace[] = [];
afterEach(() => {
  for (const trace of traces.splice(0)) trace.end("stopped");
});

function begin(world: BrokerWorld, request: Omit<TraceRequest, "tenant"> = {}, limits: Partial<TraceLimits> = {}): Trace {
  const trace = world.broker.traces.begin({ tenant: "default", ...request }, { ...LIMITS, ...limits });
  traces.push(trace);
  return trace;
}

/** Ends the trace and answers what it told. */
async function told(trace: Trace): Promise<TraceEvent[]> {
  trace.end("stopped");
  const events: TraceEvent[] = [];
  for (let some = await trace.next(); some !== undefined; some = await trace.next()) events.push(...some);
  return events;
}

const packetsOf = (events: readonly TraceEvent[]): TracedPacket[] => events.filter((event) => event.kind === "packet");
const inShort = (events: readonly TraceEvent[]): string[] =>
  packetsOf(events).map(({ clientIdentifier, direction, type }) => `${clientIdentifier} ${direction} ${type}`);

/** Whether something stands between the client's connection and its channel. */
function isTapped(world: BrokerWorld, client: TestClient): boolean {
  const connection = [...world.broker.connections()].find((each) => each.arrival.channel !== client.channel.link.server);
  return connection !== undefined;
}

test("shows both directions of one client from its CONNECT on, and nobody else's", async () => {
  const world = await BrokerWorld.start();
  const trace = begin(world, { clientIdentifier: "one" });
  const one = await world.client(5, { clientIdentifier: "one" });
  const other = await world.client(5, { clientIdentifier: "other" });
  await one.subscribe("a/#", 1);
  other.publish("a/b", "hello", 1);
  await world.settle();
  one.acknowledge("PUBACK", 1);
  await one.disconnect();
  const events = await told(trace);
  expect(inShort(events)).toEqual([
    "one in CONNECT",
    "one out CONNACK",
    "one in SUBSCRIBE",
    "one out SUBACK",
    "one out PUBLISH",
    "one in PUBACK",
    "one in DISCONNECT",
  ]);
  expect(events.at(0)).toMatchObject({ kind: "started", connections: 0, seconds: 60 });
  expect(events.filter(({ kind }) => kind === "closed")).toMatchObject([{ clientIdentifier: "one", reason: "DISCONNECT" }]);
  expect(events.at(-1)).toMatchObject({ kind: "end", reason: "stopped", packets: 7, dropped: 0 });
  expect(packetsOf(events).map(({ summary }) => summary)).toEqual([
    "MQTT 5.0, clean start, keep alive 0 s",
    "0x00",
    "id 1, a/# QoS 1",
    "id 1, 0x01",
    "a/b QoS 1 id 1",
    "id 1, 0x00",
    "0x00",
  ]);
  const publish = packetsOf(events)[4]!;
  expect(publish.fields).toMatchObject({ topicName: "a/b", qos: 1, packetIdentifier: 1 });
  expect(publish.payload).toEqual({ bytes: 5, text: "hello" });
});

test("shows a client that is refused, with the reason", async () => {
  const world = await BrokerWorld.start();
  const trace = begin(world, { clientIdentifier: "one" });
  world.dial().send(connectOf(5, { clientIdentifier: "one", username: "ann", password: Buffer.from("geheim") }));
  await world.settle();
  const events = await told(trace);
  expect(inShort(events)).toEqual(["one in CONNECT", "one out CONNACK"]);
  expect(packetsOf(events)[1]?.fields).toMatchObject({ reasonCode: 0x87 });
  expect(events.find(({ kind }) => kind === "closed")).toMatchObject({
    reason: expect.stringMatching(/^NOT_AUTHORIZED/) as string,
  });
});

test("begins in the middle of a connection, also in the middle of a packet", async () => {
  const world = await BrokerWorld.start();
  const client = await world.client(4, { clientIdentifier: "one" });
  client.channel.write(Uint8Array.of(0x30, 0x06, 0, 1, 0x61));
  await world.settle();
  const trace = begin(world, { clientIdentifier: "one" });
  client.channel.write(Uint8Array.of(0x78, 0x79, 0x7a, 0xc0, 0));
  await world.settle();
  const events = await told(trace);
  expect(inShort(events)).toEqual(["one in PUBLISH", "one in PINGREQ", "one out PINGRESP"]);
  expect(packetsOf(events)[0]).toMatchObject({ fields: { topicName: "a" }, payload: { text: "xyz", bytes: 3 }, bytes: 8 });
  expect(events[0]).toMatchObject({ kind: "started", connections: 1 });
});

test("by topic: messages behind their alias, subscriptions that may match, what answers them, and nothing else", async () => {
  const world = await BrokerWorld.start();
  const receiver = await world.client(5, { clientIdentifier: "to" });
  const publisher = await world.client(5, { clientIdentifier: "from" });
  // Set before anybody traces.
  publisher.publish("plant/1", "before", 0, { properties: { topicAlias: 1 } });
  await world.settle();
  const trace = begin(world, { topicFilter: "plant/+" });
  await receiver.subscribe("$share/g/plant/#", 2);
  await receiver.subscribe("office/#", 2);
  publisher.publish("", "by alias", 2, { packetIdentifier: 9, properties: { topicAlias: 1 } });
  publisher.publish("office/1", "no", 1, { packetIdentifier: 10 });
  await world.settle();
  publisher.acknowledge("PUBREL", 9);
  await world.settle();
  const events = await told(trace);
  expect(inShort(events)).toEqual([
    "to in SUBSCRIBE",
    "to out SUBACK",
    "from in PUBLISH",
    "to out PUBLISH",
    "from out PUBREC",
    "from in PUBREL",
    "from out PUBCOMP",
  ]);
  expect(packetsOf(events)[2]?.fields).toMatchObject({ topicName: "plant/1", properties: { topicAlias: 1 } });
});

test("by address, and by all three together", async () => {
  const world = await BrokerWorld.start();
  const here = begin(world, { address: "127.0.0.0/8" });
  const elsewhere = begin(world, { address: "10.0.0.0/8" });
  const all = begin(world, { address: "127.0.0.1", clientIdentifier: "one", topicFilter: "a" });
  const one = await world.client(5, { clientIdentifier: "one" });
  one.publish("a", "x");
  one.publish("b", "x");
  const two = await world.client(5, { clientIdentifier: "two" });
  two.publish("a", "x");
  await world.settle();
  expect(inShort(await told(elsewhere))).toEqual([]);
  expect(inShort(await told(all))).toEqual(["one in PUBLISH"]);
  expect(inShort(await told(here))).toHaveLength(7);
});

test("secrets are hidden, and a payload is shown up to its limit", async () => {
  const world = await BrokerWorld.start();
  const trace = begin(world);
  const client = world.dial();
  const token = `eyJ${"a".repeat(20)}.${"b".repeat(20)}.c`;
  client.send(
    connectOf(5, {
      clientIdentifier: "one",
      username: `?x-amz-customauthorizer-name=mine&token=geheim-1`,
      password: Buffer.from("geheim-2"),
      will: { topicName: "w", payload: Buffer.from("gone"), qos: 0, retain: false },
      properties: {
        userProperties: [
          ["api-key", "geheim-3"],
          ["note", token],
          ["plain", "shown"],
        ],
      },
    }),
  );
  await world.settle();
  const second = await world.client(5, { clientIdentifier: "two" });
  second.publish("t", "0123456789abcde\u00fcf");
  second.publish("t", Buffer.from([0xff, 0, 1]).toString("latin1"), 0, { payload: Uint8Array.of(0xff, 0, 1) });
  await world.settle();
  const packets = packetsOf(await told(trace));
  const text = JSON.stringify(packets);
  expect(text).not.toContain("geheim");
  expect(text).not.toContain(token);
  expect(packets[0]?.fields).toMatchObject({
    username: "?x-amz-customauthorizer-name=mine&token=[redacted]",
    password: "hidden",
    will: { topicName: "w", bytes: 4 },
    properties: {
      userProperties: [
        ["api-key", "[redacted]"],
        ["note", "[redacted]"],
        ["plain", "shown"],
      ],
    },
  });
  const publishes = packets.filter(({ type }) => type === "PUBLISH");
  // The limit goes through the character of two bytes.
  expect(publishes[0]?.payload).toEqual({ bytes: 18, text: "0123456789abcde", isCut: true });
  expect(publishes[1]?.payload).toEqual({ bytes: 3, base64: "/wAB" });
});

test("ends by its time or its number of packets, and leaves the connections as they were", async () => {
  const world = await BrokerWorld.start();
  const client = await world.client(5, { clientIdentifier: "one" });
  expect(isTapped(world, client)).toBe(false);
  const byTime = begin(world, {}, { seconds: 10 });
  const byCount = begin(world, {}, { packets: 3 });
  expect(isTapped(world, client)).toBe(true);
  for (let i = 0; i < 5; i++) client.publish("a", "x");
  await world.settle();
  expect(byCount.isOver).toBe(true);
  expect((await told(byCount)).at(-1)).toMatchObject({ kind: "end", reason: "packets", packets: 3 });
  expect(isTapped(world, client)).toBe(true);
  await world.clock.advance(10_000);
  expect((await told(byTime)).at(-1)).toMatchObject({ kind: "end", reason: "time", packets: 5 });
  expect(isTapped(world, client)).toBe(false);
  client.publish("a", "x");
  client.send({ type: PacketType.PINGREQ });
  expect(await client.takeOfType(PacketType.PINGRESP)).toHaveLength(1);
});

test("a trace of one client takes itself off whoever turns out to be another", async () => {
  const world = await BrokerWorld.start();
  begin(world, { clientIdentifier: "one" });
  const other = await world.client(5, { clientIdentifier: "other" });
  expect(isTapped(world, other)).toBe(false);
});

test("a reader that does not keep up loses packets and is told how many; nobody waits for it", async () => {
  const world = await BrokerWorld.start();
  const client = await world.client(5, { clientIdentifier: "one" });
  const trace = begin(world, {}, { packets: 100_000 });
  for (let i = 0; i < 3_000; i++) client.publish("a", "x");
  await world.settle();
  const first = await trace.next();
  expect(first).toHaveLength(1_000);
  client.publish("a", "last");
  await world.settle();
  const events = await told(trace);
  expect(events[0]).toEqual({ kind: "dropped", packets: 2_001 });
  expect(packetsOf(events).map(({ payload }) => payload?.text)).toEqual(["last"]);
  expect(events.at(-1)).toMatchObject({ packets: 1_000, dropped: 2_001 });
});

test("large packets are shown by their beginning and counted whole", async () => {
  const world = await BrokerWorld.start();
  const client = await world.client(5, { clientIdentifier: "one" });
  const trace = begin(world);
  client.publish("a", "z".repeat(200_000));
  await world.settle();
  const [publish] = packetsOf(await told(trace));
  expect(publish).toMatchObject({ type: "PUBLISH", payload: { bytes: 200_000, text: "z".repeat(16), isCut: true } });
});

test("so many traces and no more; the end of the broker ends them", async () => {
  const world = await BrokerWorld.start();
  const running = Array.from({ length: TRACES_MAX }, () => begin(world));
  expect(() => begin(world)).toThrow("ADMIN_REFUSED");
  // Those of one tenant keep no other from looking.
  const elsewhere = world.broker.traces.begin({ tenant: "acme" }, { seconds: 1, packets: 1, payloadBytes: 0 });
  elsewhere.end("stopped");
  running[0]?.end("stopped");
  const last = begin(world);
  void world.broker.close();
  expect((await told(last)).at(-1)).toMatchObject({ kind: "end", reason: "shutdown" });
});
