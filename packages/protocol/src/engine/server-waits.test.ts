import { ServerHarness } from "@bowline/testkit/engine";
import { describe, expect, test } from "vitest";
import { PacketType } from "../packet/packet-type.ts";
import type { Packet, PublishPacket, QoS } from "../packet/packets.ts";
import type { SubscribeAnswer } from "./server-sink.ts";

const PINGREQ: Packet = { type: PacketType.PINGREQ };
const PINGRESP: Packet = { type: PacketType.PINGRESP };

function publish(topicName: string, qos: QoS = 0, packetIdentifier = 1, changes: Partial<PublishPacket> = {}): PublishPacket {
  const identifier = qos === 0 ? {} : { packetIdentifier };
  return {
    type: PacketType.PUBLISH,
    topicName,
    payload: Uint8Array.of(1),
    qos,
    retain: false,
    dup: false,
    ...identifier,
    ...changes,
  };
}
const published = (harness: ServerHarness): unknown[] =>
  harness.calls.filter(([name]) => name === "publish").map(([, packet, count]) => [(packet as PublishPacket).topicName, count]);

describe("a question that is answered later", () => {
  class Slow extends ServerHarness {
    override unsubscribe(packet: { topicFilters: readonly string[] }): SubscribeAnswer | undefined {
      super.unsubscribe(packet);
      return undefined;
    }
  }

  test("UNSUBSCRIBE: what comes after it waits, and the connection counts as open", () => {
    const harness = new Slow().open();
    harness.send({ type: PacketType.UNSUBSCRIBE, packetIdentifier: 3, topicFilters: ["a"] }, PINGREQ);
    expect([harness.take(), harness.connection.isOpen]).toEqual([[], true]);
    expect(harness.calls.at(-1)).toEqual(["pauseReading"]);
    harness.connection.answerSubscribe({ reasonCodes: [0] });
    expect(harness.take()).toEqual([]);
    harness.connection.answerUnsubscribe({ reasonCodes: [0x11] });
    expect(harness.take()).toMatchObject([{ type: PacketType.UNSUBACK, packetIdentifier: 3, reasonCodes: [0x11] }, PINGRESP]);
    expect(harness.calls.at(-1)).toEqual(["resumeReading"]);
    harness.connection.answerUnsubscribe({ reasonCodes: [0] });
    expect(harness.take()).toEqual([]);
  });

  test("SUBSCRIBE: an answer to another question, or a second one, is nobody's", () => {
    const harness = new ServerHarness().open();
    harness.subscribeAnswer = () => undefined;
    const subscription = { topicFilter: "a", qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
    harness.send({ type: PacketType.SUBSCRIBE, packetIdentifier: 3, subscriptions: [subscription] });
    harness.connection.answerUnsubscribe({ reasonCodes: [0] });
    harness.connection.retryPublish();
    expect([harness.take(), harness.connection.isOpen]).toEqual([[], true]);
    harness.connection.answerSubscribe({ reasonCodes: [1] });
    harness.connection.answerSubscribe({ reasonCodes: [1] });
    expect(harness.take()).toHaveLength(1);
  });

  test("what comes after the channel is gone is told to nobody, and an answer then does nothing", () => {
    const harness = new Slow().open();
    harness.send({ type: PacketType.UNSUBSCRIBE, packetIdentifier: 3, topicFilters: ["a"] });
    harness.connection.channelClosed();
    const told = harness.calls.length;
    harness.connection.answerUnsubscribe({ reasonCodes: [0] });
    harness.send(publish("a"), PINGREQ);
    harness.connection.tick(1e9);
    expect([harness.take(), harness.calls.length, harness.connection.isOpen]).toEqual([[], told, false]);
    expect(harness.connection.deadline).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("a run", () => {
  test("of equal QoS 0 packets is one call; what differs, is retained or must be written anew is one each", () => {
    const harness = new ServerHarness().open();
    harness.send(publish("a"), publish("a"), publish("a"), publish("b"), publish("a"));
    harness.send(publish("r", 0, 0, { retain: true }), publish("r", 0, 0, { retain: true }));
    const expiring = publish("e", 0, 0, { properties: { messageExpiryInterval: 5 } });
    harness.send(expiring, expiring);
    expect(published(harness)).toEqual([
      ["a", 3],
      ["b", 1],
      ["a", 1],
      ["r", 1],
      ["r", 1],
      ["e", 1],
      ["e", 1],
    ]);
  });
});

describe("[MQTT-3.3.4-9] the Receive Maximum given to the client", () => {
  test("counts a QoS 2 message until its PUBREL, and one that came again once", () => {
    const harness = new ServerHarness().open();
    for (let id = 1; id <= 10; id++) harness.send(publish("a", 2, id));
    harness.send(publish("a", 2, 4, { dup: true }));
    harness.send({ type: PacketType.PUBREL, packetIdentifier: 4, reasonCode: 0 }, publish("a", 2, 11));
    expect(harness.connection.isOpen).toBe(true);
    harness.send({ type: PacketType.PUBREL, packetIdentifier: 99, reasonCode: 0 }, publish("a", 2, 12));
    expect(harness.ended).toMatchObject({ code: "RECEIVE_MAX", reasonCode: 0x93 });
    expect(harness.take().at(-1)).toMatchObject({ type: PacketType.DISCONNECT, reasonCode: 0x93 });
  });
});

test("[MQTT-3.3.2-9] the highest Topic Alias is the maximum that was given, and it may come alone after that", () => {
  const harness = new ServerHarness().open();
  harness.send(publish("a/b", 0, 0, { properties: { topicAlias: 4 } }), publish("", 0, 0, { properties: { topicAlias: 4 } }));
  expect(published(harness)).toEqual([
    ["a/b", 1],
    ["a/b", 1],
  ]);
  harness.send(publish("a/b", 0, 0, { properties: { topicAlias: 5 } }));
  expect(harness.ended).toMatchObject({ code: "ALIAS", reasonCode: 0x94 });
});
