import { expect, test } from "vitest";
import { type MqttError, type Packet, PacketType, type QoS } from "@bowline/protocol";
import { connect } from "../connect.ts";
import type { Client } from "../client.ts";
import type { ConnectOptions } from "../options.ts";
import { message, rejection, textOf } from "../testing/client-on-script.ts";
import { Disk } from "../testing/disk.ts";
import { acknowledgement, type Link, ScriptedServer } from "../testing/scripted-server.ts";
import { failOnUnhandledRejections } from "../testing/unhandled-rejections.ts";
import { turn, VirtualClock } from "../testing/virtual-clock.ts";

const { PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBSCRIBE } = PacketType;

failOnUnhandledRejections();

/** One process after the other on one disk and one server. */
class Life {
  readonly disk = new Disk();
  readonly server = new ScriptedServer();
  readonly clock = new VirtualClock();
  client!: Client;
  readonly failed: MqttError[] = [];

  async start(options: ConnectOptions = {}): Promise<Client> {
    const { server, clock } = this;
    const session = { clientId: "c", store: this.disk.store(), ...options.session };
    const reconnect = { delay: () => 10 };
    this.client = connect("mqtt://server.test", { transport: server.dial, clock, reconnect, ...options, session });
    this.client.on("publishFailed", ({ error }) => this.failed.push(error));
    this.client.on("attemptFailed", () => undefined);
    await turns();
    return this.client;
  }

  async crash(isWritten = false): Promise<void> {
    this.disk.crash(isWritten);
    for (const link of this.server.links) link.cut();
    // What the dead process does from here on, nobody sees.
    void this.client.abort();
    await turns();
    this.failed.length = 0;
  }

  get flow(): unknown[] {
    return this.server.link.received
      .filter(({ type }) => type >= PUBLISH && type <= PUBCOMP)
      .map((packet) => {
        const { type, packetIdentifier: id } = packet as { type: number; packetIdentifier?: number };
        return packet.type === PUBLISH ? [type, id, textOf(packet), packet.dup] : [type, id];
      });
  }
}

async function turns(count = 12): Promise<void> {
  for (let i = 0; i < count; i++) await turn();
}

const without =
  (...types: number[]) =>
  (packet: Packet): boolean =>
    types.includes(packet.type);

test("what was published offline and stored is sent by the next process, in order and as new", async () => {
  const life = new Life();
  life.server.reachable = new Error("down");
  const client = await life.start();
  const all = ([1, 2, 1] as const).map((qos, i) => client.publish("t", String(i), { qos }));
  await Promise.all(all.map(({ stored }) => stored));
  await life.crash();
  life.server.reachable = true;
  await life.start();
  expect(life.flow.filter((entry) => (entry as unknown[])[0] === PUBLISH)).toEqual([
    [PUBLISH, 1, "0", false],
    [PUBLISH, 2, "1", false],
    [PUBLISH, 3, "2", false],
  ]);
  expect([...life.disk.records.keys()]).toEqual(["session"]);
  await life.client.close();
});

test("nothing leaves before it is kept, and `stored` resolves when it is", async () => {
  const life = new Life();
  const client = await life.start();
  const { resolve, promise } = withResolvers();
  life.disk.stall = promise;
  let isStored = false;
  const publication = client.publish("t", "x", { qos: 2 });
  void publication.stored.then(() => (isStored = true));
  await turns();
  expect([life.flow, isStored, client.bufferedAmount > 0]).toEqual([[], false, true]);
  resolve();
  await publication;
  expect([life.flow, isStored]).toEqual([
    [
      [PUBLISH, 1, "x", false],
      [PUBREL, 1],
    ],
    true,
  ]);
  await client.close();
});

test.each([1, 2] as const)(
  "[MQTT-4.4.0-1] [MQTT-3.3.1-1] QoS %i that had left is resent with DUP and its identifier",
  async (qos) => {
    const life = new Life();
    life.server.script = without(PUBLISH);
    const client = await life.start();
    void client.publish("t", "x", { qos }).then(undefined, () => undefined);
    await turns();
    await life.crash();
    life.server.sessionPresent = true;
    await life.start();
    expect(life.flow).toEqual([[PUBLISH, 1, "x", true]]);
    await life.client.abort();
  },
);

test("[MQTT-4.3.3-6] after PUBREC was kept only PUBREL is sent again", async () => {
  const life = new Life();
  life.server.script = without(PUBREL);
  const client = await life.start();
  void client.publish("t", "x", { qos: 2 }).then(undefined, () => undefined);
  await turns();
  expect(life.flow).toEqual([
    [PUBLISH, 1, "x", false],
    [PUBREL, 1],
  ]);
  await life.crash();
  life.server.sessionPresent = true;
  life.server.script = () => false;
  await life.start();
  expect(life.flow).toEqual([[PUBREL, 1]]);
  expect([...life.disk.records.keys()]).toEqual(["session"]);
  await life.client.close();
});

test("without a session at the server QoS 1 goes as new, and QoS 2 that had left is told as lost and not doubled", async () => {
  const life = new Life();
  life.server.script = without(PUBLISH);
  const client = await life.start();
  for (const qos of [1, 2] as const) void client.publish("t", String(qos), { qos }).then(undefined, () => undefined);
  await turns();
  await life.crash();
  life.server.script = () => false;
  await life.start();
  expect(life.flow).toEqual([[PUBLISH, 1, "1", false]]);
  expect(life.failed.map(({ code }) => code)).toEqual(["SESSION_LOST"]);
  expect([...life.disk.records.keys()]).toEqual(["session"]);
  await life.client.close();
});

test("[MQTT-4.3.3-10] an inbound QoS 2 identifier is kept before PUBREC leaves, and its message is not handed over again", async () => {
  const life = new Life();
  const seen: string[] = [];
  const client = await life.start();
  client.subscribe("in", { qos: 2 }, (m) => seen.push(m.text()));
  await turns();
  const { resolve, promise } = withResolvers();
  life.disk.stall = promise;
  life.server.script = without(PUBREC);
  life.server.link.send(message("in", "x", 2, 7));
  await turns();
  expect([seen, life.flow]).toEqual([["x"], []]);
  resolve();
  await turns();
  expect(life.flow).toEqual([[PUBREC, 7]]);
  await life.crash();
  life.server.sessionPresent = true;
  life.server.script = () => false;
  const next = await life.start();
  next.subscribe("in", { qos: 2 }, (m) => seen.push(m.text()));
  await turns();
  life.server.link.send(message("in", "x", 2, 7, true));
  await turns();
  expect(life.flow).toEqual([
    [PUBREC, 7],
    [PUBCOMP, 7],
  ]);
  life.server.link.send(message("in", "y", 2, 7));
  await turns();
  expect(seen).toEqual(["x", "y"]);
  await next.close();
});

test("an inbound QoS 2 message that was not handled comes again after a crash, whatever connections came between", async () => {
  const life = new Life();
  const seen: string[] = [];
  life.server.sessionPresent = true;
  const client = await life.start();
  client.subscribe("in", { qos: 2, acknowledge: "manual" }, (m) => seen.push(m.text()));
  await turns();
  life.server.link.send(message("in", "x", 2, 7));
  await turns();
  life.server.link.cut();
  await life.clock.advance(100);
  await turns();
  life.server.link.send(message("in", "x", 2, 7, true));
  await turns();
  expect(life.flow).toEqual([]);
  await life.crash();
  const next = await life.start();
  const subscription = next.subscribe("in", { qos: 2, acknowledge: "manual" });
  await turns();
  life.server.link.send(message("in", "x", 2, 7, true));
  const again = await subscription.next();
  expect([seen, again.value?.text(), life.flow]).toEqual([["x"], "x", []]);
  life.server.link.cut();
  await life.clock.advance(100);
  await turns();
  life.server.link.send(message("in", "x", 2, 7, true));
  await turns();
  expect(life.flow).toEqual([]);
  again.value?.ack();
  await turns();
  expect(life.flow).toEqual([
    [PUBREC, 7],
    [PUBCOMP, 7],
  ]);
  expect([...life.disk.records.keys()].filter((key) => key.startsWith("i"))).toEqual([]);
  await next.close();
});

test("PUBCOMP leaves after the identifier's removal is kept, or a new message with it would be taken for the old one", async () => {
  const life = new Life();
  const client = await life.start();
  life.server.script = without(PUBREC);
  client.subscribe("in", { qos: 2 }, () => undefined);
  await turns();
  life.server.link.send(message("in", "x", 2, 7));
  await turns();
  const { resolve, promise } = withResolvers();
  life.disk.stall = promise;
  life.server.link.send(acknowledgement(PUBREL, 7));
  await turns();
  expect(life.flow).toEqual([[PUBREC, 7]]);
  resolve();
  await turns();
  expect(life.flow).toEqual([
    [PUBREC, 7],
    [PUBCOMP, 7],
  ]);
  await client.close();
});

test("a store that is full fails the publisher, cuts what waits for it, loses nothing it had, and goes on when there is room", async () => {
  const life = new Life();
  life.server.script = without(PUBACK);
  life.server.sessionPresent = true;
  const client = await life.start();
  const codes: string[] = [];
  client.on("connectionLost", ({ code }) => codes.push(code));
  life.server.script = (packet) => packet.type === PUBLISH && textOf(packet) === "kept";
  const kept = client.publish("t", "kept", { qos: 1 });
  await kept.stored;
  life.disk.fault = new Error("no space left");
  const refused = client.publish("t", "refused", { qos: 2 });
  expect(await rejection(refused.stored)).toMatchObject({ code: "STORE_FAILED" });
  expect(await rejection(refused)).toMatchObject({ code: "STORE_FAILED" });
  await turns();
  expect(codes).toEqual(["STORE_FAILED"]);
  life.disk.fault = undefined;
  life.server.script = () => false;
  await life.clock.advance(100);
  await turns();
  await kept;
  await client.publish("t", "again", { qos: 2 });
  expect(life.server.links.flatMap((link) => link.of(PUBLISH)).map(textOf)).toEqual(["kept", "kept", "again"]);
  await client.close();
  expect([...life.disk.records.keys()]).toEqual(["session"]);
});

test("a store that fails while offline fails the publisher and nobody else", async () => {
  const life = new Life();
  life.server.reachable = new Error("down");
  const client = await life.start();
  const kept = client.publish("t", "kept", { qos: 1 });
  await kept.stored;
  life.disk.fault = new Error("no space left");
  expect(await rejection(client.publish("t", "x", { qos: 1 }))).toMatchObject({ code: "STORE_FAILED", stage: "storage" });
  life.disk.fault = undefined;
  life.server.reachable = true;
  await life.clock.advance(100);
  await turns();
  await kept;
  await client.close();
});

test("a store in use is an attempt that failed and says so; what was published fails, and `reconnect` tries again", async () => {
  const life = new Life();
  const first = await life.start();
  const errors: unknown[] = [];
  const second = connect("mqtt://server.test", {
    transport: life.server.dial,
    clock: life.clock,
    session: { clientId: "c", store: life.disk.store() },
  });
  second.on("attemptFailed", ({ error }) => errors.push(error.message));
  const publication = second.publish("t", "x", { qos: 1 });
  expect(await rejection(publication)).toMatchObject({ code: "STORE_IN_USE" });
  expect([errors, second.status.state]).toEqual([["STORE_IN_USE: another process uses the store: disk"], "failed"]);
  await first.close();
  second.reconnect();
  await turns();
  expect(second.status.state).toBe("online");
  await second.close();
});

test("a client that gives up keeps what it has in the store, and sends it when it is told to try again", async () => {
  const life = new Life();
  life.server.reachable = new Error("down");
  const client = await life.start({ reconnect: { maximumAttempts: 2, delay: () => 10 } });
  const publication = client.publish("t", "x", { qos: 1 });
  await publication.stored;
  await life.clock.advance(100);
  await turns();
  expect(client.status.state).toBe("failed");
  life.server.reachable = true;
  client.reconnect();
  await turns();
  expect(life.flow).toEqual([[PUBLISH, 1, "x", false]]);
  await client.close();
});

test("close keeps what is unacknowledged; the next process sends it", async () => {
  const life = new Life();
  life.server.reachable = new Error("down");
  const client = await life.start();
  const { stored } = client.publish("t", "x", { qos: 1 });
  await client.close();
  await stored;
  life.server.reachable = true;
  await life.start();
  expect(life.flow).toEqual([[PUBLISH, 1, "x", false]]);
  await life.client.close();
});

test("messages published before the store is open go after those it has", async () => {
  const life = new Life();
  life.server.reachable = new Error("down");
  const client = await life.start();
  await client.publish("t", "0", { qos: 1 }).stored;
  await life.crash();
  life.server.reachable = true;
  const starting = life.start();
  const { stored } = life.client.publish("t", "1", { qos: 1 });
  await starting;
  await stored;
  expect(life.server.link.of(PUBLISH).map(textOf)).toEqual(["0", "1"]);
  await life.client.close();
});

test("the client identifier is the store's where none is given, and another one is refused", async () => {
  const life = new Life();
  const first = connect("mqtt://server.test", {
    transport: life.server.dial,
    clock: life.clock,
    session: { store: life.disk.store() },
  });
  await turns();
  const { clientId } = first;
  await first.close();
  const second = connect("mqtt://server.test", {
    transport: life.server.dial,
    clock: life.clock,
    session: { store: life.disk.store() },
  });
  await turns();
  expect(second.clientId).toBe(clientId);
  expect(life.server.connects.map((packet) => [packet.clientIdentifier, packet.cleanStart])).toEqual([
    [clientId, false],
    [clientId, false],
  ]);
  expect(life.server.connects[0]?.properties?.sessionExpiryInterval).toBe(86_400);
  await second.close();
  const other = await life.start({ session: { clientId: "other" } });
  expect(other.status).toMatchObject({ state: "failed", failure: { code: "OPTION_INVALID" } });
  await other.close();
});

test("what was subscribed before the first connection was never lost by the server: no gap", async () => {
  const life = new Life();
  life.server.reachable = new Error("down");
  const first = await life.start();
  first.subscribe("a/#", { qos: 1 }, () => undefined);
  await turns();
  await life.crash();
  life.server.reachable = true;
  const second = await life.start();
  await second.online();
  expect(second.gaps).toBe(0);
  await second.close();
});

test("a session that the server lost while the process was away is a gap, and its subscriptions are renewed", async () => {
  const life = new Life();
  const client = await life.start();
  client.subscribe("a/#", { qos: 1 }, () => undefined);
  client.subscribe("b", { qos: 2 }, () => undefined);
  await client.subscribe("c").close();
  await turns();
  await life.crash();
  const starting = life.start();
  const gaps: unknown[] = [];
  life.client.on("gap", (status) => gaps.push(status.sessionPresent));
  life.client.subscribe("b", { qos: 2 }, () => undefined);
  await starting;
  const asked = (link: Link): unknown[] =>
    link.of(SUBSCRIBE).flatMap(({ subscriptions }) => subscriptions.map((s) => s.topicFilter));
  expect([gaps, life.client.gaps, asked(life.server.link).toSorted()]).toEqual([[false], 1, ["a/#", "b"]]);
  await life.crash();
  life.server.sessionPresent = true;
  await life.start();
  expect([life.client.gaps, asked(life.server.link)]).toEqual([0, []]);
  await life.client.close();
});

test.each([
  [0, true],
  [1, false],
] as const)("QoS %i: a store that never answers holds `stored` back: %s", async (qos: QoS, isStored) => {
  const life = new Life();
  const client = await life.start();
  life.disk.stall = new Promise(() => undefined);
  const publication = client.publish("t", "x", { qos });
  let resolved = false;
  publication.stored.then(
    () => (resolved = true),
    () => undefined,
  );
  await turns();
  expect(resolved).toBe(isStored);
  const closing = client.close();
  await life.clock.advance(20_000);
  await closing;
});

function withResolvers(): { resolve: () => void; promise: Promise<void> } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { resolve, promise };
}
