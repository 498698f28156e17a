import { PacketType, type Packet } from "@bowline/protocol";
import { describe, expect, test } from "vitest";
import type { Message } from "./message.ts";
import { message, rejection, stage, textOf } from "./testing/client-on-script.ts";
import { turn } from "./testing/virtual-clock.ts";

const { PUBLISH, PUBACK, PUBREC, SUBSCRIBE, SUBACK, UNSUBSCRIBE } = PacketType;
const filtersOf = (packets: { subscriptions: readonly { topicFilter: string }[] }[]): string[][] =>
  packets.map(({ subscriptions }) => subscriptions.map(({ topicFilter }) => topicFilter));

function refuse(filter: string, code = 0x87) {
  return (packet: Packet, link: { send(packet: Packet): void }): boolean => {
    if (packet.type !== SUBSCRIBE || packet.subscriptions[0]?.topicFilter !== filter) return false;
    link.send({ type: SUBACK, packetIdentifier: packet.packetIdentifier, reasonCodes: packet.subscriptions.map(() => code) });
    return true;
  };
}

describe("subscribing", () => {
  test("sends at the call, and ready tells what was granted", async () => {
    const { client, server } = await stage();
    const subscription = client.subscribe(["a", "b/+"], { qos: 1, noLocal: true });
    expect(await subscription.ready).toEqual([1, 1]);
    expect(server.link.of(SUBSCRIBE)[0]?.subscriptions[1]).toEqual({
      topicFilter: "b/+",
      qos: 1,
      noLocal: true,
      retainAsPublished: false,
      retainHandling: 0,
    });
  });

  test("a refusal rejects ready and the first next alike, and nothing else", async () => {
    const { client } = await stage({}, (it) => {
      it.script = refuse("secret");
    });
    const refused = client.subscribe("secret");
    await expect(refused.ready).rejects.toMatchObject({ code: "SUB_DENIED", reasonCode: 0x87 });
    await expect(refused.next()).rejects.toMatchObject({ code: "SUB_DENIED" });
    expect(await client.subscribe("open").ready).toEqual([0]);
  });

  test("a refusal is told with the server's words", async () => {
    const { client } = await stage({}, (it) => {
      it.script = (packet, link) => {
        if (packet.type !== SUBSCRIBE) return false;
        const { packetIdentifier } = packet;
        link.send({
          type: PacketType.SUBACK,
          packetIdentifier,
          reasonCodes: [0x87],
          properties: { reasonString: "rule 7 denies it" },
        });
        return true;
      };
    });
    await expect(client.subscribe("secret").ready).rejects.toThrow("secret: rule 7 denies it");
  });

  test("a refused one that nobody asks is no unhandled rejection", async () => {
    const { client } = await stage({}, (it) => {
      it.script = refuse("secret");
    });
    client.subscribe("secret", {}, () => undefined);
    await turn();
    expect(client.status.state).toBe("online");
  });

  test("wrong filters are thrown", async () => {
    const { client } = await stage();
    for (const filter of ["", "a#", "a/#/b", "$share//x", []]) {
      expect(() => client.subscribe(filter)).toThrow(expect.objectContaining({ code: "FILTER_INVALID" }));
    }
  });

  test("after a cut only what the server lost is subscribed again", async () => {
    const { client, server, clock } = await stage({}, (it) => {
      it.sessionPresent = true;
    });
    client.subscribe("a");
    await turn();
    server.link.cut();
    await clock.advance(1000);
    expect(server.link.of(SUBSCRIBE)).toEqual([]);

    let gaps = 0;
    client.on("gap", () => gaps++);
    server.sessionPresent = false;
    client.subscribe("b");
    server.link.cut();
    await clock.advance(10_000);
    expect(filtersOf(server.link.of(SUBSCRIBE))).toEqual([["a", "b"]]);
    expect(gaps).toBe(1);
  });

  test("what was not answered before the cut is asked again", async () => {
    const { client, server, clock } = await stage({}, (it) => {
      it.sessionPresent = true;
      it.script = (packet) => packet.type === SUBSCRIBE;
    });
    const subscription = client.subscribe("a");
    await turn();
    server.script = () => false;
    server.link.cut();
    await clock.advance(1000);
    expect(await subscription.ready).toEqual([0]);
  });

  test("many filters go eight at a time", async () => {
    const { client, server } = await stage();
    const filters = Array.from({ length: 20 }, (_, i) => `t/${i}`);
    await client.subscribe(filters).ready;
    expect(filtersOf(server.link.of(SUBSCRIBE)).map(({ length }) => length)).toEqual([8, 8, 4]);
  });
});

describe("ending a subscription", () => {
  test("break unsubscribes when the last user of the filter leaves", async () => {
    const { client, server } = await stage();
    const stays = client.subscribe("a");
    const leaves = client.subscribe(["a", "b"]);
    await leaves.ready;
    server.link.send(message("a", "x"));
    for await (const _ of leaves) break;
    await turn();
    expect(server.link.of(UNSUBSCRIBE).map(({ topicFilters }) => topicFilters)).toEqual([["b"]]);
    await stays.close();
    expect(server.link.of(UNSUBSCRIBE).map(({ topicFilters }) => topicFilters)).toEqual([["b"], ["a"]]);
    expect(await stays.next()).toEqual({ done: true, value: undefined });
  });

  test("offline it is given up at the server when the session is found again", async () => {
    const { client, server, clock } = await stage({}, (it) => {
      it.sessionPresent = true;
    });
    const subscription = client.subscribe("a");
    await subscription.ready;
    server.link.cut();
    await subscription.close();
    await clock.advance(1000);
    expect(server.link.of(UNSUBSCRIBE).map(({ topicFilters }) => topicFilters)).toEqual([["a"]]);
  });

  test("by a signal, and by the client's close, which ends every loop", async () => {
    const { client } = await stage();
    const controller = new AbortController();
    const ended: string[] = [];
    const loop = async (name: string, signal?: AbortSignal): Promise<void> => {
      for await (const _ of client.subscribe(name, signal === undefined ? {} : { signal })) ended.push("?");
      ended.push(name);
    };
    const loops = [loop("a", controller.signal), loop("b")];
    controller.abort();
    await loops[0];
    expect(ended).toEqual(["a"]);
    await client.close();
    await loops[1];
    expect(ended).toEqual(["a", "b"]);
  });

  test("whoever waits for ready hears of the end, also later", async () => {
    const { client } = await stage({}, (it) => {
      it.script = (packet) => packet.type === SUBSCRIBE;
    });
    const controller = new AbortController();
    const closed = client.subscribe("a");
    const signalled = client.subscribe("b", { signal: controller.signal });
    const left = client.subscribe("c");
    const waiting = [closed, signalled, left].map(({ ready }) => rejection(ready));
    void closed.close();
    controller.abort();
    await client.close();
    const codes = ["ABORTED", "ABORTED", "CLIENT_CLOSED"];
    expect(await Promise.all(waiting)).toMatchObject(codes.map((code) => ({ code })));
    expect(await rejection(closed.ready)).toMatchObject({ code: "ABORTED" });
    expect(await rejection(left.ready)).toMatchObject({ code: "CLIENT_CLOSED" });
    expect(await rejection(client.subscribe("late").ready)).toMatchObject({ code: "CLIENT_CLOSED" });
  });

  test("a signal that had aborted before lets nothing be sent", async () => {
    const { client, server } = await stage();
    const subscription = client.subscribe("a", { signal: AbortSignal.abort("too late") });
    expect(await rejection(subscription.ready)).toMatchObject({ code: "ABORTED", cause: "too late" });
    expect(await subscription.next()).toEqual({ done: true, value: undefined });
    expect(server.link.of(SUBSCRIBE)).toEqual([]);
  });

  test("when the client gives up, the loop throws why", async () => {
    const { client, server } = await stage({ credentials: { username: "u", password: "p" } });
    const next = client.subscribe("a").next();
    const rejected = rejection(next);
    server.link.send({ type: PacketType.DISCONNECT, reasonCode: 0x87 });
    expect(await rejected).toMatchObject({ code: "NOT_AUTHORIZED" });
    expect(client.status.state).toBe("failed");
  });

  test("a loop whose body was at work meanwhile is told when it asks for more, and goes on after a reconnect()", async () => {
    const { client, server } = await stage({ credentials: { username: "u", password: "p" } });
    const subscription = client.subscribe("a");
    await subscription.ready;
    server.link.send(message("a", "before"));
    server.link.send({ type: PacketType.DISCONNECT, reasonCode: 0x87 });
    expect((await subscription.next()).value?.text()).toBe("before");
    expect(await rejection(subscription.next())).toMatchObject({ code: "NOT_AUTHORIZED" });
    expect(await rejection(client.subscribe("b").ready)).toMatchObject({ code: "NOT_AUTHORIZED" });
    client.reconnect();
    await client.online();
    server.link.send(message("a", "after"));
    expect((await subscription.next()).value?.text()).toBe("after");
  });
});

describe("delivery", () => {
  test("a message goes once to each subscription whose filter matches", async () => {
    const { client, server } = await stage();
    const got: string[] = [];
    client.subscribe(["a/#", "a/+"], {}, (m) => got.push(`1 ${m.text()}`));
    client.subscribe("a/b", {}, (m) => got.push(`2 ${m.text()}`));
    client.subscribe("$share/g/a/b", {}, (m) => got.push(`3 ${m.text()}`));
    client.subscribe("b", {}, (m) => got.push(`4 ${m.text()}`));
    server.link.send(message("a/b", "x"), message("a/c", "y"));
    expect(got).toEqual(["1 x", "2 x", "3 x", "1 y"]);
  });

  test("also when the server sends a copy for each subscription, as section 3.3.4 allows", async () => {
    const { client, server } = await stage();
    const got: string[] = [];
    client.subscribe("a/+", { retainHandling: 0 }, (m) => got.push(`1 ${m.text()}`));
    await turn();
    client.subscribe(["a/#", "a/b"], {}, (m) => got.push(`2 ${m.text()}`));
    client.subscribe("other", {}, (m) => got.push(`3 ${m.text()}`));
    await turn();
    const requests = server.link.of(SUBSCRIBE).map(({ subscriptions, properties }) => ({
      filter: subscriptions[0]?.topicFilter,
      retainHandling: subscriptions[0]?.retainHandling,
      ids: properties?.subscriptionIdentifiers,
    }));
    expect(requests).toEqual([
      { filter: "a/+", retainHandling: 0, ids: undefined },
      { filter: "a/#", retainHandling: 0, ids: [1] },
      { filter: "a/b", retainHandling: 0, ids: [3] },
      { filter: "a/+", retainHandling: 2, ids: [2] },
      { filter: "other", retainHandling: 0, ids: undefined },
    ]);
    for (const id of [1, 2, 3]) server.link.send({ ...message("a/b", "x"), properties: { subscriptionIdentifiers: [id] } });
    server.link.send({ ...message("a/b", "y"), properties: { subscriptionIdentifiers: [3, 2, 1] } });
    server.link.send(message("other", "z"));
    expect(got.toSorted()).toEqual(["1 x", "1 y", "2 x", "2 y", "3 z"]);
  });

  test("a message has its parts", async () => {
    const { client, server } = await stage();
    const subscription = client.subscribe("a");
    server.link.send({
      ...message("a", '{"n":1}'),
      retain: true,
      properties: { contentType: "json", userProperties: [["k", "v"]] },
    });
    const { value } = await subscription.next();
    const m = value as Message;
    expect(m.json()).toEqual({ n: 1 });
    expect(m.retain).toBe(true);
    expect(m.properties).toEqual({ contentType: "json", userProperties: [["k", "v"]] });
    expect(m.bytes()).toEqual(new TextEncoder().encode('{"n":1}'));
    expect(m.bytes().buffer.byteLength).toBe(7);
    expect(m.payload).toEqual(m.bytes());
  });

  test("a topic alias is resolved, on this connection only", async () => {
    const { client, server, clock, losses } = await stage({}, (it) => {
      it.sessionPresent = true;
    });
    const got: string[] = [];
    client.subscribe("#", {}, (m) => got.push(`${m.topicName} ${m.text()}`));
    const alias = { properties: { topicAlias: 3 } };
    server.link.send({ ...message("a", "1"), ...alias }, message("b", "2"), { ...message("", "3"), ...alias });
    expect(got).toEqual(["a 1", "b 2", "a 3"]);
    server.link.cut();
    await clock.advance(1000);
    server.link.send({ ...message("", "4"), ...alias });
    expect(losses.at(-1)).toMatchObject({ code: "PROTOCOL_ERROR" });
  });

  test("what a handler throws does not disturb the client", async () => {
    const { client, server } = await stage();
    const thrown: unknown[] = [];
    const listeners = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.once("uncaughtException", (error) => thrown.push(error.message));
    const got: string[] = [];
    client.subscribe("a", {}, () => {
      throw new Error("mine");
    });
    client.subscribe("a", {}, (m) => got.push(m.text()));
    server.link.send(message("a", "x"));
    await turn();
    for (const listener of listeners) process.on("uncaughtException", listener);
    expect([thrown, got]).toEqual([["mine"], ["x"]]);
  });
});

describe("acknowledgement", () => {
  const identifiers = (packets: { packetIdentifier: number }[]): number[] =>
    packets.map(({ packetIdentifier }) => packetIdentifier);

  test("comes at once by default", async () => {
    const { client, server } = await stage();
    client.subscribe("a", { qos: 2 });
    server.link.send(message("a", "1", 1, 1), message("a", "2", 2, 2));
    await turn();
    expect([identifiers(server.link.of(PUBACK)), identifiers(server.link.of(PUBREC))]).toEqual([[1], [2]]);
  });

  test("comes after the loop body when asked, in the order of the messages", async () => {
    const { client, server } = await stage();
    const slow = client.subscribe("slow", { qos: 1, acknowledge: "handled" });
    client.subscribe("fast", { qos: 1 });
    server.link.send(message("slow", "1", 1, 1), message("fast", "2", 1, 2), message("slow", "3", 1, 3));
    await slow.next();
    await turn();
    expect(identifiers(server.link.of(PUBACK))).toEqual([]);
    await slow.next();
    await turn();
    expect(identifiers(server.link.of(PUBACK))).toEqual([1, 2]);
    void slow.next();
    await turn();
    expect(identifiers(server.link.of(PUBACK))).toEqual([1, 2, 3]);
  });

  test("comes after the promise of a handler, one at a time", async () => {
    const { client, server } = await stage();
    const open: (() => void)[] = [];
    const got: string[] = [];
    client.subscribe("a", { qos: 1, acknowledge: "handled" }, (m) => {
      got.push(m.text());
      return new Promise<void>((resolve) => open.push(resolve));
    });
    server.link.send(message("a", "1", 1, 1), message("a", "2", 1, 2));
    await turn();
    expect([got, identifiers(server.link.of(PUBACK))]).toEqual([["1"], []]);
    open[0]?.();
    await turn();
    expect([got, identifiers(server.link.of(PUBACK))]).toEqual([["1", "2"], [1]]);
  });

  test("is the application's own when it says so", async () => {
    const { client, server } = await stage();
    const held: Message[] = [];
    client.subscribe("a", { qos: 1, acknowledge: "manual" }, (m) => held.push(m));
    server.link.send(message("a", "1", 1, 1), message("a", "2", 1, 2));
    held[1]?.ack();
    await turn();
    expect(identifiers(server.link.of(PUBACK))).toEqual([]);
    held[0]?.ack();
    held[0]?.ack();
    await turn();
    expect(identifiers(server.link.of(PUBACK))).toEqual([1, 2]);
  });

  test("waits for every subscription that asked", async () => {
    const { client, server } = await stage();
    const handled = client.subscribe("a", { qos: 1, acknowledge: "handled" });
    const held: Message[] = [];
    client.subscribe("a", { qos: 1, acknowledge: "manual" }, (m) => held.push(m));
    server.link.send(message("a", "1", 1, 1));
    await handled.next();
    void handled.next();
    await turn();
    expect(identifiers(server.link.of(PUBACK))).toEqual([]);
    held[0]?.ack();
    await turn();
    expect(identifiers(server.link.of(PUBACK))).toEqual([1]);
  });

  test("one that is late raises an event", async () => {
    const { client, server, clock } = await stage({ ackTimeoutMs: 1000 });
    const late: string[] = [];
    client.on("acknowledgementLate", (m) => late.push(m.text()));
    const held: Message[] = [];
    client.subscribe("a", { qos: 1, acknowledge: "manual" }, (m) => held.push(m));
    server.link.send(message("a", "1", 1, 1), message("a", "2", 1, 2));
    held[1]?.ack();
    await clock.advance(3000);
    expect(late).toEqual(["1"]);
    held[0]?.ack();
    await client.close();
    expect(clock.pending).toBe(0);
  });

  test("leaving the loop counts as handled, also for what was not read", async () => {
    const { client, server } = await stage();
    const subscription = client.subscribe("a", { qos: 1, acknowledge: "handled" });
    server.link.send(message("a", "1", 1, 1), message("a", "2", 1, 2));
    for await (const _ of subscription) break;
    await turn();
    expect(identifiers(server.link.of(PUBACK))).toEqual([1, 2]);
  });
});

describe("a full buffer", () => {
  test("drops QoS 0 and counts it", async () => {
    const { client, server } = await stage();
    const subscription = client.subscribe("a", { maximumMessages: 3 });
    for (let i = 0; i < 10; i++) server.link.send(message("a", String(i)));
    expect(subscription.dropped).toBe(7);
    const got: string[] = [];
    for (let i = 0; i < 3; i++) got.push(((await subscription.next()).value as Message).text());
    expect(got).toEqual(["0", "1", "2"]);
  });

  test("leaves QoS 1 unacknowledged until there is room, and loses none", async () => {
    const { client, server } = await stage();
    const subscription = client.subscribe("a", { qos: 1, maximumMessages: 2 });
    for (let i = 1; i <= 3; i++) server.link.send(message("a", String(i), 1, i));
    await turn();
    expect(server.link.of(PUBACK)).toHaveLength(2);
    const got: string[] = [];
    for (let i = 0; i < 3; i++) got.push(((await subscription.next()).value as Message).text());
    await turn();
    expect(got).toEqual(["1", "2", "3"]);
    expect(server.link.of(PUBACK)).toHaveLength(3);
  });

  test("stops reading at twice its size, and goes on", async () => {
    const { client, server } = await stage();
    const subscription = client.subscribe("a", { qos: 1, maximumBytes: 10 });
    for (let i = 1; i <= 4; i++) server.link.send(message("a", "12345", 1, i));
    expect(server.link.isPaused).toBe(true);
    for (let i = 0; i < 2; i++) await subscription.next();
    expect(server.link.isPaused).toBe(false);
  });

  test("while reading is stopped, silence is not taken for a dead server", async () => {
    const { client, server, clock, losses } = await stage({ keepAlive: 10 });
    client.subscribe("a", { qos: 1, maximumMessages: 1 });
    server.link.send(message("a", "1", 1, 1), message("a", "2", 1, 2));
    server.script = (packet) => packet.type === PacketType.PINGREQ;
    await clock.advance(100_000);
    expect(losses).toEqual([]);
    expect(server.link.of(PacketType.PINGREQ).length).toBeGreaterThan(9);
  });
});

test("more unacknowledged messages than our Receive Maximum is the server's fault", async () => {
  const { client, server, losses } = await stage({ receiveMaximum: 2 });
  client.subscribe("a", { qos: 1, acknowledge: "manual" });
  for (let i = 1; i <= 3; i++) server.link.send(message("a", String(i), 1, i));
  expect(losses[0]).toMatchObject({ code: "RECEIVE_MAX", reasonCode: 0x93 });
});

test("the published echo comes back", async () => {
  const { client } = await stage({}, (it) => {
    it.script = (packet, link) => {
      if (packet.type !== PUBLISH) return false;
      link.send(message(packet.topicName, textOf(packet)));
      return true;
    };
  });
  const subscription = client.subscribe("echo");
  client.publish("echo", "hello");
  expect(((await subscription.next()).value as Message).text()).toBe("hello");
});
