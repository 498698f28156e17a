import { connectPacket, ServerHarness } from "@bowline/testkit/engine";
import { describe, expect, test } from "vitest";
import { MqttError } from "../errors/mqtt-error.ts";
import { encodeToBytes } from "../packet/encode.ts";
import { PacketType } from "../packet/packet-type.ts";
import type { Packet, PublishPacket, QoS, SubscribePacket } from "../packet/packets.ts";
import { ReasonCode } from "../packet/reason-codes.ts";
import { Later } from "./server-sink.ts";

const payload = new Uint8Array([1, 2, 3]);
function publish(qos: QoS, packetIdentifier?: number, changes: Partial<PublishPacket> = {}): PublishPacket {
  const base: PublishPacket = { type: PacketType.PUBLISH, topicName: "a/b", payload, qos, retain: false, dup: false, ...changes };
  return packetIdentifier === undefined ? base : { ...base, packetIdentifier };
}
function subscribe(packetIdentifier = 7): SubscribePacket {
  const options = { qos: 1 as const, noLocal: false, retainAsPublished: false, retainHandling: 0 as const };
  return { type: PacketType.SUBSCRIBE, packetIdentifier, subscriptions: [{ topicFilter: "a/#", ...options }] };
}
const pubrel = (packetIdentifier: number): Packet => ({ type: PacketType.PUBREL, packetIdentifier, reasonCode: 0 });
const names = (harness: ServerHarness): string[] => harness.calls.map(([name]) => name);

describe("CONNECT", () => {
  test("[MQTT-3.1.0-1] closes without an answer when the first packet is not a CONNECT", () => {
    const harness = new ServerHarness();
    harness.sendBytes(new Uint8Array([0xc0, 0x00]));
    expect(harness.take()).toEqual([]);
    expect(harness.ended).toMatchObject({ code: "PROTOCOL_ERROR" });
  });

  test("[MQTT-3.1.0-2] a second CONNECT ends the connection", () => {
    const harness = new ServerHarness().open();
    harness.send(connectPacket(5));
    expect(harness.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: ReasonCode.ProtocolError }]);
    expect(harness.ended).toMatchObject({ code: "SECOND_CONNECT" });
  });

  test("what follows an open CONNECT waits for its answer, and the channel is told to", () => {
    const harness = new ServerHarness();
    harness.connectAnswer = () => undefined;
    harness.send(connectPacket(5), publish(1, 3));
    expect(names(harness)).toEqual(["connect", "pauseReading"]);
    harness.connection.answerConnect({
      kind: "accept",
      session: harness.session,
      sessionPresent: true,
      sendMaximum: 1,
      receiveMaximum: 1,
      topicAliasMaximum: 0,
      keepAlive: 0,
    });
    expect(names(harness)).toEqual(["connect", "pauseReading", "opened", "publish", "resumeReading"]);
    expect(harness.take()).toMatchObject([
      { type: PacketType.CONNACK, sessionPresent: true },
      { type: PacketType.PUBACK, packetIdentifier: 3 },
    ]);
  });

  test("[v3 MQTT-3.1.2-2] an unknown protocol level is answered", () => {
    const harness = new ServerHarness();
    harness.sendBytes(new Uint8Array([0x10, 13, 0, 4, 0x4d, 0x51, 0x54, 0x54, 9, 2, 0, 0, 0, 1, 0x63]));
    expect(harness.take()).toMatchObject([{ type: PacketType.CONNACK, sessionPresent: false }]);
    expect(harness.ended).toMatchObject({ code: "PROTO_VERSION" });
  });

  test("no CONNECT within the time limit ends the connection", () => {
    const harness = new ServerHarness();
    expect(harness.connection.deadline).toBe(10_000);
    harness.connection.tick(9_999);
    expect(harness.ended).toBe("open");
    harness.connection.tick(10_000);
    expect(harness.ended).toMatchObject({ code: "TIMEOUT" });
  });

  test("a refusal is a CONNACK with its Reason Code, then the close", () => {
    const harness = new ServerHarness();
    const error = new MqttError("NOT_AUTHORIZED");
    harness.connectAnswer = () => ({ kind: "refuse", reasonCode: ReasonCode.NotAuthorized, error });
    harness.send(connectPacket(5));
    expect(harness.take()).toMatchObject([
      { type: PacketType.CONNACK, sessionPresent: false, reasonCode: ReasonCode.NotAuthorized },
    ]);
    expect(harness.ended).toBe(error);
  });
});

describe("Keep Alive", () => {
  test("[MQTT-3.1.2-22] closes after 1.5 x Keep Alive without a packet, and says so", () => {
    const harness = new ServerHarness().open(5, { keepAlive: 10 });
    harness.now = 5_000;
    harness.send({ type: PacketType.PINGREQ });
    expect(harness.take()).toEqual([{ type: PacketType.PINGRESP }]);
    harness.connection.tick(19_999);
    expect(harness.ended).toBe("open");
    harness.connection.tick(20_000);
    expect(harness.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: ReasonCode.KeepAliveTimeout }]);
    expect(harness.ended).toMatchObject({ code: "KEEPALIVE_TIMEOUT" });
  });

  test("a Keep Alive of 0 turns it off (section 3.1.2.10)", () => {
    const harness = new ServerHarness().open(5, { keepAlive: 0 });
    expect(harness.connection.deadline).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("PUBLISH from the client", () => {
  test("[MQTT-4.3.2-4] QoS 1 is acknowledged with its identifier", () => {
    const harness = new ServerHarness().open();
    harness.send(publish(1, 9));
    expect(harness.take()).toMatchObject([{ type: PacketType.PUBACK, packetIdentifier: 9, reasonCode: 0 }]);
  });

  test("consecutive QoS 0 packets of one topic come as one run", () => {
    const harness = new ServerHarness().open();
    harness.send(publish(0), publish(0), publish(0), publish(0, undefined, { topicName: "a/c" }));
    expect(harness.calls.map((call) => call[2])).toEqual([3, 1]);
  });

  test("an acknowledgement waits for its commit number, and later ones wait for it ([MQTT-4.6.0-2])", () => {
    const harness = new ServerHarness().open();
    harness.publishAnswer = 5;
    harness.send(publish(1, 1));
    harness.publishAnswer = 0;
    harness.send(publish(1, 2));
    expect(harness.take()).toEqual([]);
    harness.commit(4);
    expect(harness.take()).toEqual([]);
    harness.commit(5);
    expect(harness.take()).toMatchObject([{ packetIdentifier: 1 }, { packetIdentifier: 2 }]);
  });

  test("Later stops the walk; the same packet comes again, once, and the rest in order", () => {
    const harness = new ServerHarness().open();
    harness.publishAnswer = Later;
    harness.send(publish(1, 1), publish(1, 2));
    expect(names(harness)).toEqual(["publish", "pauseReading"]);
    harness.publishAnswer = 0;
    harness.connection.retryPublish();
    expect(harness.calls.filter(([name]) => name === "publish").map((call) => (call[1] as PublishPacket).packetIdentifier)).toEqual(
      [1, 1, 2],
    );
    expect(harness.take()).toMatchObject([{ packetIdentifier: 1 }, { packetIdentifier: 2 }]);
  });

  test("a denial is the PUBACK's Reason Code on 5.0 and a close on 3.1.1 (section 3.3.5)", () => {
    const five = new ServerHarness().open(5);
    five.publishAnswer = -ReasonCode.NotAuthorized;
    five.send(publish(1, 4));
    expect(five.take()).toMatchObject([{ type: PacketType.PUBACK, packetIdentifier: 4, reasonCode: ReasonCode.NotAuthorized }]);
    const four = new ServerHarness().open(4);
    four.publishAnswer = -ReasonCode.NotAuthorized;
    Object.assign(four, { explainDenial: () => ({ reasonString: "no rule matches" }) });
    four.send(publish(1, 4));
    expect(four.take()).toEqual([]);
    expect(four.ended).toMatchObject({ code: "PUBLISH_REFUSED", message: expect.stringContaining("no rule matches") as string });
  });

  test("[MQTT-4.3.3-10] a repeated QoS 2 PUBLISH is answered and not routed again until PUBREL", () => {
    const harness = new ServerHarness().open();
    harness.send(publish(2, 5));
    harness.send(publish(2, 5, { dup: true }));
    expect(names(harness)).toEqual(["publish"]);
    harness.send(pubrel(5));
    expect(harness.take()).toMatchObject([
      { type: PacketType.PUBREC },
      { type: PacketType.PUBREC },
      { type: PacketType.PUBCOMP, reasonCode: 0 },
    ]);
    harness.send(publish(2, 5));
    expect(names(harness)).toEqual(["publish", "released", "publish"]);
  });

  test("the PUBREC of a repeated PUBLISH waits for the first one's commit, on a new connection too", () => {
    const first = new ServerHarness().open();
    first.publishAnswer = 3;
    first.send(publish(2, 5));
    const second = new ServerHarness(first.session).open();
    second.send(publish(2, 5, { dup: true }));
    expect(second.take()).toEqual([]);
    second.commit(3);
    expect(second.take()).toMatchObject([{ type: PacketType.PUBREC, packetIdentifier: 5 }]);
  });

  test("a PUBREL for an unknown identifier is answered 0x92", () => {
    const harness = new ServerHarness().open();
    harness.send(pubrel(77));
    expect(harness.take()).toMatchObject([
      { type: PacketType.PUBCOMP, packetIdentifier: 77, reasonCode: ReasonCode.PacketIdentifierNotFound },
    ]);
  });

  test("more than Receive Maximum unreleased QoS 2 messages end the connection with 0x93 (section 4.9)", () => {
    const harness = new ServerHarness().open();
    for (let id = 1; id <= 11; id++) harness.send(publish(2, id));
    expect(harness.take().at(-1)).toMatchObject({ type: PacketType.DISCONNECT, reasonCode: ReasonCode.ReceiveMaximumExceeded });
  });

  test("more than Receive Maximum QoS 1 messages that storage has not kept wait for it, and what comes behind them", () => {
    const harness = new ServerHarness().open();
    harness.publishAnswer = 1;
    for (let id = 1; id <= 13; id++) harness.send(publish(1, id), publish(0, 0));
    expect(harness.calls.filter(([name]) => name === "publish")).toHaveLength(20);
    expect(harness.calls.at(-1)).toEqual(["pauseReading"]);
    expect(harness.take()).toEqual([]);
    harness.commit(1);
    expect(harness.take().map((packet) => [packet.type, "packetIdentifier" in packet && packet.packetIdentifier])).toEqual(
      Array.from({ length: 13 }, (_, i) => [PacketType.PUBACK, i + 1]),
    );
    expect(harness.calls.filter(([name]) => name === "publish")).toHaveLength(26);
    expect(harness.connection.isOpen).toBe(true);
  });

  test("a Topic Alias stands for the topic it was set with, on this connection (section 3.3.2.3.4)", () => {
    const harness = new ServerHarness().open();
    harness.send(publish(1, 1, { properties: { topicAlias: 2 } }), publish(1, 2, { topicName: "", properties: { topicAlias: 2 } }));
    expect(harness.calls.map((call) => (call[1] as PublishPacket).topicName)).toEqual(["a/b", "a/b"]);
  });

  test.each([
    ["[MQTT-3.3.2-9] above the maximum", 0x94, { topicName: "a", properties: { topicAlias: 5 } }],
    ["above the maximum without a topic", 0x94, { topicName: "", properties: { topicAlias: 5 } }],
    ["never set (section 3.3.4)", 0x82, { topicName: "", properties: { topicAlias: 1 } }],
  ])("a Topic Alias %s ends the connection with 0x%x", (_case, reasonCode, changes) => {
    const harness = new ServerHarness().open();
    harness.send(publish(0, undefined, changes));
    expect(harness.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode }]);
    expect(names(harness)).toEqual(["close"]);
  });

  test("a packet above the limit ends the connection with 0x95 before it is buffered ([MQTT-3.1.2-24] is the client's mirror)", () => {
    const harness = new ServerHarness().open();
    harness.sendBytes(new Uint8Array([0x30, 0xff, 0xff, 0xff, 0x7f]));
    expect(harness.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: ReasonCode.PacketTooLarge }]);
  });

  test("[MQTT-3.3.2-2] a wildcard in a Topic Name ends the connection with 0x90", () => {
    const harness = new ServerHarness().open();
    const bytes = encodeToBytes(publish(0, undefined, { topicName: "a/x" }), 5);
    bytes[bytes.indexOf(0x78)] = 0x23;
    harness.sendBytes(bytes);
    expect(harness.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: ReasonCode.TopicNameInvalid }]);
  });
});

test("[MQTT-3.3.4-6] a Subscription Identifier in a client's PUBLISH ends the connection with 0x82", () => {
  const harness = new ServerHarness().open();
  harness.send(publish(0, undefined, { properties: { subscriptionIdentifiers: [3] } }));
  expect(harness.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: ReasonCode.ProtocolError }]);
  expect(names(harness)).toEqual(["close"]);
});

describe("SUBSCRIBE and UNSUBSCRIBE", () => {
  test("[MQTT-3.8.4-1] SUBACK carries a code for each filter, and comes before the retained messages", () => {
    const harness = new ServerHarness().open();
    harness.send(subscribe());
    expect(harness.take()).toMatchObject([{ type: PacketType.SUBACK, packetIdentifier: 7, reasonCodes: [1] }]);
    expect(names(harness)).toEqual(["subscribe", "subscribed"]);
  });

  test("what follows an open SUBSCRIBE waits for its answer", () => {
    const harness = new ServerHarness().open();
    harness.subscribeAnswer = () => undefined;
    harness.send(subscribe(), publish(1, 3));
    expect(names(harness)).toEqual(["subscribe", "pauseReading"]);
    harness.connection.answerSubscribe({ reasonCodes: [2] });
    expect(harness.take()).toMatchObject([{ type: PacketType.SUBACK, reasonCodes: [2] }, { type: PacketType.PUBACK }]);
  });

  test("[MQTT-3.10.4-4] UNSUBSCRIBE is answered with its identifier", () => {
    const harness = new ServerHarness().open();
    harness.send({ type: PacketType.UNSUBSCRIBE, packetIdentifier: 8, topicFilters: ["a", "b"] });
    expect(harness.take()).toMatchObject([{ type: PacketType.UNSUBACK, packetIdentifier: 8, reasonCodes: [0, 0] }]);
  });
});

describe("the end", () => {
  test("a DISCONNECT of the client is told before the close, and nothing after it is read", () => {
    const harness = new ServerHarness().open();
    harness.send({ type: PacketType.DISCONNECT, reasonCode: 4 }, publish(0));
    expect(harness.calls).toEqual([
      ["disconnect", 4],
      ["close", undefined],
    ]);
    expect(harness.ended).toBeUndefined();
  });

  test("packets only a server may send end the connection with 0x82", () => {
    const harness = new ServerHarness().open();
    harness.send({ type: PacketType.CONNACK, sessionPresent: false, reasonCode: 0 });
    expect(harness.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: ReasonCode.ProtocolError }]);
  });

  test("a fault of ours in the sink ends this connection only, and is told as ours", () => {
    const harness = new ServerHarness().open();
    harness.publish = () => {
      throw new Error("boom");
    };
    harness.send(publish(0));
    expect(harness.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: ReasonCode.UnspecifiedError }]);
    expect(harness.ended).toMatchObject({ code: "INTERNAL", source: "internal" });
  });

  test("a sink that calls back into its connection is stopped loudly", () => {
    const harness = new ServerHarness().open();
    harness.publish = () => {
      harness.sendBytes(new Uint8Array([0xc0, 0]));
      return 0;
    };
    harness.send(publish(0));
    expect(harness.ended).toMatchObject({ code: "INTERNAL" });
  });
});
