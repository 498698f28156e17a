import { getMaxListeners } from "node:events";
import { PacketType } from "@bowline/protocol";
import { beforeAll, describe, expect, test } from "vitest";
import { acknowledgement } from "./testing/scripted-server.ts";
import { message, rejection, stage, textOf } from "./testing/client-on-script.ts";
import { failOnUnhandledRejections } from "./testing/unhandled-rejections.ts";
import { turn } from "./testing/virtual-clock.ts";

const { PUBLISH, PUBACK, PUBREC, SUBSCRIBE } = PacketType;

failOnUnhandledRejections();
// Loaded on demand, which takes real time the first time.
beforeAll(() => import("./requester.ts"));

describe("publishing", () => {
  test.each([0, 1, 2] as const)("QoS %i resolves", async (qos) => {
    const { client, server } = await stage();
    expect(await client.publish("a/b", "hello", { qos })).toEqual({ reasonCode: 0 });
    expect(server.link.of(PUBLISH).map((packet) => [packet.topicName, textOf(packet), packet.qos])).toEqual([
      ["a/b", "hello", qos],
    ]);
  });

  test("a loop of a thousand is one write", async () => {
    const { client, server } = await stage();
    const before = server.link.writes;
    for (let i = 0; i < 1000; i++) client.publish("t", String(i));
    await turn();
    expect(server.link.writes - before).toBe(1);
    expect(server.link.of(PUBLISH)).toHaveLength(1000);
  });

  test("one signal stands for any number of messages: Node warns of none", async () => {
    const { client } = await stage();
    const { signal } = new AbortController();
    client.publish("a", "b", { qos: 1, signal });
    expect(getMaxListeners(signal)).toBe(Number.POSITIVE_INFINITY);
  });

  test("never more in flight than the server's Receive Maximum, in order", async () => {
    let inFlight = 0;
    let most = 0;
    const { client, server } = await stage({}, (it) => {
      it.connack = { receiveMaximum: 5 };
      it.script = (packet, link) => {
        if (packet.type !== PUBLISH) return false;
        most = Math.max(most, ++inFlight);
        setImmediate(() => {
          inFlight--;
          link.send(acknowledgement(PUBACK, packet.packetIdentifier));
        });
        return true;
      };
    });
    await Promise.all(Array.from({ length: 200 }, (_, i) => client.publish("t", String(i), { qos: 1 })));
    expect(most).toBe(5);
    expect(server.link.of(PUBLISH).map(textOf)).toEqual(Array.from({ length: 200 }, (_, i) => String(i)));
  });

  test("obeys Maximum QoS, Retain Available and Maximum Packet Size", async () => {
    const { client, server } = await stage({}, (it) => {
      it.connack = { maximumQoS: 0, retainAvailable: 0, maximumPacketSize: 100 };
    });
    await expect(client.publish("t", "x", { qos: 1 })).rejects.toMatchObject({ code: "QOS_UNSUPPORTED" });
    await expect(client.publish("t", "x", { retain: true })).rejects.toMatchObject({ code: "RETAIN_UNSUPPORTED" });
    await expect(client.publish("t", "x".repeat(200))).rejects.toMatchObject({ code: "PACKET_TOO_LARGE" });
    expect(server.link.of(PUBLISH)).toEqual([]);
  });

  test("the same holds for what was queued before the limits were known", async () => {
    const { client, server } = await stage({}, (it) => {
      it.reachable = new Error("away");
      it.connack = { maximumQoS: 1 };
    });
    const exact = client.publish("t", "2", { qos: 2 });
    const once = client.publish("t", "1", { qos: 1 });
    server.reachable = true;
    client.reconnect();
    await expect(exact).rejects.toMatchObject({ code: "QOS_UNSUPPORTED" });
    await once;
  });

  test("a refusal of the server rejects, with its reason code and the topic", async () => {
    const { client } = await stage({}, (it) => {
      it.script = (packet, link) => {
        if (packet.type !== PUBLISH) return false;
        link.send(acknowledgement(PUBACK, packet.packetIdentifier, 0x87));
        return true;
      };
    });
    const refused = expect.objectContaining({
      code: "PUB_DENIED",
      reasonCode: 0x87,
      message: expect.stringMatching(/: a\/ü$/) as string,
    });
    await expect(client.publish("a/ü", "x", { qos: 1 })).rejects.toEqual(refused);
  });

  test("a failure that nobody awaits is an event and no unhandled rejection", async () => {
    const { client } = await stage({}, (it) => {
      it.connack = { maximumQoS: 0 };
    });
    const heard: string[] = [];
    client.on("publishFailed", ({ error }) => heard.push(error.code));
    client.publish("t", "x", { qos: 1 });
    await expect(client.publish("t", "x", { qos: 2 })).rejects.toMatchObject({ code: "QOS_UNSUPPORTED" });
    await turn();
    expect(heard).toEqual(["QOS_UNSUPPORTED"]);
    expect(client.failedPublications).toBe(1);
  });

  test("of thousands refused in one loop each is counted, and none is kept", async () => {
    const { client } = await stage({ outbox: { maximumMessages: 10, whenFull: "reject" } }, (it) => {
      it.reachable = new Error("away");
    });
    let heard = 0;
    client.on("publishFailed", () => heard++);
    for (let i = 0; i < 5010; i++) client.publish("t", "x");
    const last = client.publish("t", "x");
    await turn();
    expect([heard, client.failedPublications]).toEqual([5001, 5001]);
    await expect(last).rejects.toMatchObject({ code: "QUEUE_FULL" });
  });

  test("a message that expires in the outbox is not sent", async () => {
    const { client, server, clock } = await stage({}, (it) => {
      it.reachable = new Error("away");
    });
    const short = client.publish("t", "short", { qos: 1, messageExpiryInterval: 1 });
    const long = client.publish("t", "long", { qos: 1, messageExpiryInterval: 100 });
    const expired = rejection(short);
    await clock.advance(2000);
    server.reachable = true;
    client.reconnect();
    expect(await expired).toMatchObject({ code: "MESSAGE_EXPIRED" });
    await long;
    expect(server.link.of(PUBLISH).map((packet) => packet.properties?.messageExpiryInterval)).toEqual([98]);
  });

  test("a signal takes a message back", async () => {
    const { client, server } = await stage({}, (it) => {
      it.reachable = new Error("away");
    });
    const controller = new AbortController();
    const taken = client.publish("t", "taken", { qos: 1, signal: controller.signal });
    const kept = client.publish("t", "kept", { qos: 1 });
    controller.abort();
    await expect(taken).rejects.toMatchObject({ code: "ABORTED" });
    server.reachable = true;
    client.reconnect();
    await kept;
    expect(server.link.of(PUBLISH).map(textOf)).toEqual(["kept"]);
  });

  test.each([0, 1] as const)("a signal that had aborted before lets nothing be sent, QoS %i", async (qos) => {
    const { client, server } = await stage();
    const publication = client.publish("t", "x", { qos, signal: AbortSignal.abort("too late") });
    expect(await rejection(publication)).toMatchObject({ code: "ABORTED", cause: "too late" });
    await turn();
    expect(server.link.of(PUBLISH)).toEqual([]);
  });

  test("wrong arguments are thrown", async () => {
    const { client } = await stage({ protocolVersion: 4 });
    expect(() => client.publish("a/#", "x")).toThrow(expect.objectContaining({ code: "TOPIC_INVALID" }));
    expect(() => client.publish("a", "x", { qos: 3 as 2 })).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
    expect(() => client.publish("a", "x", { contentType: "t" })).toThrow(expect.objectContaining({ code: "UNSUPPORTED_IN_V3" }));
    for (const options of [() => {}, 1, "a"])
      expect(() => client.subscribe("a", options as never)).toThrow(/^OPTION_INVALID: .*: options come before the handler$/);
  });
});

describe("the outbox", () => {
  const away = { reachable: new Error("away") };
  async function offline(whenFull: "wait" | "reject" | "drop-oldest") {
    return stage({ outbox: { maximumMessages: 2, whenFull } }, (it) => {
      it.reachable = away.reachable;
    });
  }

  test("rejects above its limit", async () => {
    const { client } = await offline("reject");
    await client.publish("t", "1", { qos: 1 }).stored;
    await client.publish("t", "2", { qos: 1 }).stored;
    await expect(client.publish("t", "3", { qos: 1 })).rejects.toMatchObject({ code: "QUEUE_FULL" });
  });

  test("drops the oldest", async () => {
    const { client, server } = await offline("drop-oldest");
    const first = client.publish("t", "1", { qos: 1 });
    const dropped = rejection(first);
    const second = client.publish("t", "2", { qos: 1 });
    const third = client.publish("t", "3", { qos: 1 });
    expect(await dropped).toMatchObject({ code: "QUEUE_FULL" });
    server.reachable = true;
    client.reconnect();
    await Promise.all([second, third]);
    expect(server.link.of(PUBLISH).map(textOf)).toEqual(["2", "3"]);
  });

  test("lets wait, in order, and beyond as much again rejects", async () => {
    const { client, server } = await offline("wait");
    let drains = 0;
    client.on("drain", () => drains++);
    const all = Array.from({ length: 5 }, (_, i) => client.publish("t", String(i), { qos: 1 }));
    const stored: number[] = [];
    for (const [i, publication] of all.slice(0, 4).entries()) void publication.stored.then(() => stored.push(i));
    await expect(all[4]).rejects.toMatchObject({ code: "QUEUE_FULL" });
    expect(stored).toEqual([0, 1]);
    expect(client.bufferedAmount).toBe(8);
    server.reachable = true;
    client.reconnect();
    await Promise.all(all.slice(0, 4));
    expect(stored).toEqual([0, 1, 2, 3]);
    expect(server.link.of(PUBLISH).map(textOf)).toEqual(["0", "1", "2", "3"]);
    expect([drains, client.bufferedAmount]).toEqual([1, 0]);
  });
});

describe("requests", () => {
  test("resolve with the answer", async () => {
    const { client } = await stage({}, (it) => {
      it.script = (packet, link) => {
        if (packet.type !== PUBLISH) return false;
        const { responseTopic = "", correlationData = new Uint8Array() } = packet.properties ?? {};
        link.send({ ...message(responseTopic, `answer to ${textOf(packet)}`), properties: { correlationData } });
        return true;
      };
    });
    const answers = await Promise.all(["a", "b"].map((text) => client.request("svc", text)));
    expect(answers.map((answer) => answer.text())).toEqual(["answer to a", "answer to b"]);
  });

  test("time out, abort, and end with the client", async () => {
    const { client, clock } = await stage();
    const late = client.request("svc", "x", { timeoutMs: 100 });
    const lateRejected = rejection(late);
    await clock.advance(100);
    expect(await lateRejected).toMatchObject({ code: "TIMEOUT" });
    const open = client.request("svc", "x");
    const openRejected = rejection(open);
    await client.close();
    expect(await openRejected).toMatchObject({ code: "CLIENT_CLOSED" });
    expect(clock.pending).toBe(0);
  });
});

test("subscriptions leave before the messages that were queued", async () => {
  const { client, server } = await stage({}, (it) => {
    it.reachable = new Error("away");
  });
  client.publish("t", "x", { qos: 1 });
  client.subscribe("t");
  server.reachable = true;
  client.reconnect();
  await turn();
  expect(server.link.received.map(({ type }) => type)).toEqual([PacketType.CONNECT, SUBSCRIBE, PUBLISH]);
});

test("a QoS 2 message is delivered once however often it comes", async () => {
  const { client, server, clock } = await stage({}, (it) => {
    it.sessionPresent = true;
  });
  const got: string[] = [];
  client.subscribe("t", { qos: 2 }, (m) => got.push(m.text()));
  await turn();
  server.script = (packet) => packet.type === PUBREC;
  server.link.send(message("t", "x", 2, 7));
  server.link.send(message("t", "x", 2, 7, true));
  server.script = () => false;
  server.link.cut();
  await clock.advance(1000);
  server.link.send(message("t", "x", 2, 7, true));
  await turn();
  server.link.send(message("t", "y", 2, 7));
  await turn();
  expect(got).toEqual(["x", "y"]);
});
