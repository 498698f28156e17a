import { ClientHarness } from "@bowline/testkit/engine";
import { describe, expect, test } from "vitest";
import { MqttError } from "../errors/mqtt-error.ts";
import { type OutboundEntry, OutboundState } from "../flow/message.ts";
import { PacketType } from "../packet/packet-type.ts";
import type { Packet, QoS } from "../packet/packets.ts";
import { pushQueue } from "../session/outbound-queue.ts";
import { SessionState } from "../session/session-state.ts";
import { DROPPED_TOO_LARGE } from "./sender.ts";

const filter = { qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
function entry(session: SessionState, qos: QoS, size = 1): OutboundEntry {
  return {
    sequence: session.nextSequence++,
    message: { topicName: Uint8Array.of(0x74), payload: new Uint8Array(size), properties: undefined, expiresAt: 0 },
    qos,
    retain: false,
    subscriptionIdentifiers: [],
    state: OutboundState.Queued,
    packetIdentifier: 0,
    sent: false,
    commit: 0,
    tag: undefined,
  };
}
function errorOf(act: () => void): MqttError | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return error as MqttError;
  }
}
const publish = (packetIdentifier: number, dup = false): Packet => ({
  type: PacketType.PUBLISH,
  topicName: "a",
  payload: new Uint8Array(),
  qos: 2,
  retain: false,
  dup,
  packetIdentifier,
});

describe("the server's Maximum Packet Size", () => {
  const limited = (): ClientHarness => new ClientHarness().open({ properties: { maximumPacketSize: 50 } });

  test("[MQTT-3.2.2-15] a SUBSCRIBE above it is refused to its caller and leaves no identifier in use", () => {
    const harness = limited();
    const subscriptions = Array.from({ length: 10 }, (_, i) => ({ topicFilter: `topic/${i}`, ...filter }));
    expect(errorOf(() => harness.connection.subscribe(subscriptions))).toMatchObject({ code: "PACKET_TOO_LARGE" });
    expect(errorOf(() => harness.connection.unsubscribe(subscriptions.map(({ topicFilter }) => topicFilter)))).toMatchObject({
      code: "PACKET_TOO_LARGE",
      clause: "MQTT-3.2.2-15",
    });
    expect(harness.take()).toEqual([]);
    expect(harness.session.inFlight.count).toBe(0);
    expect(harness.connection.isOpen).toBe(true);
  });

  test("[MQTT-3.2.2-15] its User Properties are the application's and are not left out for it", () => {
    const harness = limited();
    const properties = { userProperties: [["a", "b".repeat(60)]] as const };
    expect(errorOf(() => harness.connection.subscribe([{ topicFilter: "a", ...filter }], properties))).toBeInstanceOf(MqttError);
  });

  test("a request that cannot be encoded leaves no identifier in use either", () => {
    const harness = limited();
    expect(errorOf(() => harness.connection.subscribe([{ topicFilter: "", ...filter }]))).toMatchObject({ code: "PACKET_INVALID" });
    expect(harness.session.inFlight.count).toBe(0);
  });

  test("[MQTT-3.2.2-15] a PUBLISH above it is dropped, and those behind it go on", () => {
    const harness = limited();
    harness.sender.enqueue(entry(harness.session, 1, 100));
    harness.sender.enqueue(entry(harness.session, 1));
    expect(harness.take()).toMatchObject([{ type: PacketType.PUBLISH, packetIdentifier: 2 }]);
    expect(harness.calls).toEqual([["entryDone", 1, DROPPED_TOO_LARGE]]);
  });

  test("[MQTT-3.14.2-3] [MQTT-3.14.2-4] a DISCONNECT goes without what is too much", () => {
    const harness = limited();
    harness.connection.disconnect(4, { userProperties: [["a", "b".repeat(60)]] });
    expect(harness.take()).toEqual([{ type: PacketType.DISCONNECT, reasonCode: 4 }]);
    const session = limited();
    session.connection.disconnect(0, { sessionExpiryInterval: 5, reasonString: "r".repeat(60) });
    expect(session.take()).toEqual([{ type: PacketType.DISCONNECT, reasonCode: 0, properties: { sessionExpiryInterval: 5 } }]);
  });
});

describe("Receive Maximum", () => {
  test("[MQTT-3.3.4-7] [MQTT-4.9.0-1] [MQTT-4.9.0-2] the server's holds QoS 1 and 2 back, also what is sent again", () => {
    const session = new SessionState();
    session.survives = true;
    for (let i = 0; i < 3; i++) pushQueue(session, entry(session, i === 1 ? 2 : 1));
    const harness = new ClientHarness(5, {}, { session });
    harness.take();
    harness.receive({ type: PacketType.CONNACK, sessionPresent: true, reasonCode: 0, properties: { receiveMaximum: 2 } });
    expect(harness.take()).toMatchObject([{ packetIdentifier: 1 }, { packetIdentifier: 2 }]);
    const again = new ClientHarness(5, {}, { session });
    again.take();
    again.receive({ type: PacketType.CONNACK, sessionPresent: true, reasonCode: 0, properties: { receiveMaximum: 1 } });
    expect(again.take()).toMatchObject([{ packetIdentifier: 1, dup: true }]);
    again.receive({ type: PacketType.PUBACK, packetIdentifier: 1, reasonCode: 0 });
    expect(again.take()).toMatchObject([{ packetIdentifier: 2, dup: true }]);
  });

  test("[MQTT-3.3.4-8] other packets are not held back by it", () => {
    const harness = new ClientHarness().open({ properties: { receiveMaximum: 1 } });
    for (let i = 0; i < 3; i++) harness.sender.enqueue(entry(harness.session, 1));
    harness.connection.subscribe([{ topicFilter: "a", ...filter }]);
    harness.sender.enqueue(entry(harness.session, 0));
    expect(harness.take().map(({ type }) => type)).toEqual([PacketType.PUBLISH, PacketType.SUBSCRIBE]);
  });

  test("[MQTT-4.4.0-2] PUBREC of 0x80 or more settles the message and frees its place", () => {
    const harness = new ClientHarness().open({ properties: { receiveMaximum: 1 } });
    harness.sender.enqueue(entry(harness.session, 2));
    harness.sender.enqueue(entry(harness.session, 2));
    harness.take();
    harness.receive({ type: PacketType.PUBREC, packetIdentifier: 1, reasonCode: 0x97 });
    expect(harness.take()).toMatchObject([{ type: PacketType.PUBLISH, packetIdentifier: 2 }]);
    expect(harness.calls).toEqual([["entryDone", 1, 0x97]]);
  });

  test("ours is not preserved across connections (section 4.9)", () => {
    const options = { properties: { receiveMaximum: 2 } };
    const first = new ClientHarness(5, options).open();
    first.receive(publish(1), publish(2));
    const second = new ClientHarness(5, options, { session: first.session }).open({ sessionPresent: true });
    second.receive(publish(3), publish(4));
    expect(second.end).toBe("open");
    second.receive(publish(5));
    expect(second.end).toMatchObject({ code: "RECEIVE_MAX" });
  });

  test("what is sent again to us counts, until its PUBREL", () => {
    const options = { properties: { receiveMaximum: 2 } };
    const first = new ClientHarness(5, options).open();
    first.receive(publish(1), publish(2));
    const second = new ClientHarness(5, options, { session: first.session }).open({ sessionPresent: true });
    second.receive(publish(1, true), publish(2, true), { type: PacketType.PUBREL, packetIdentifier: 1, reasonCode: 0 }, publish(3));
    expect(second.end).toBe("open");
    second.receive(publish(4));
    expect(second.end).toMatchObject({ code: "RECEIVE_MAX" });
  });
});

describe("Keep Alive", () => {
  test("[MQTT-3.1.2-20] [v3 MQTT-3.1.2-23] PINGREQ leaves in time when nothing else does", () => {
    for (const version of [4, 5] as const) {
      const harness = new ClientHarness(version, { keepAlive: 10 }).open();
      expect(harness.connection.deadline).toBeLessThan(10_000);
      harness.connection.tick(harness.connection.deadline, true);
      expect(harness.take()).toEqual([{ type: PacketType.PINGREQ }]);
    }
  });

  test("[MQTT-3.1.2-21] [MQTT-3.2.2-21] the server's takes the place of ours", () => {
    const harness = new ClientHarness(5, { keepAlive: 600 }).open({ properties: { serverKeepAlive: 10 } });
    expect(harness.connection.deadline).toBeLessThan(10_000);
    const off = new ClientHarness(5, { keepAlive: 600 }).open({ properties: { serverKeepAlive: 0 } });
    expect(off.connection.deadline).toBe(Number.POSITIVE_INFINITY);
  });

  test("silence after it ends the connection with a code that a client may say ([MQTT-3.14.2-1])", () => {
    const harness = new ClientHarness(5, { keepAlive: 10 }).open();
    harness.connection.tick(9_000, true);
    harness.connection.tick(20_000, true);
    expect(harness.take().at(-1)).toMatchObject({ type: PacketType.DISCONNECT, reasonCode: 0x80 });
    expect(harness.end).toMatchObject({ code: "PING_TIMEOUT" });
  });
});

describe("acknowledgements", () => {
  test("[MQTT-4.6.0-2] [MQTT-4.6.0-3] [v3 MQTT-4.6.0-2] [v3 MQTT-4.6.0-3] leave in the order of their PUBLISHes", () => {
    for (const version of [4, 5] as const) {
      const harness = new ClientHarness(version).open();
      harness.messageAnswer = 1;
      harness.receive({ ...publish(1), qos: 1 } as Packet);
      harness.messageAnswer = 0;
      harness.receive(publish(2), { ...publish(3), qos: 1 } as Packet);
      expect(harness.take()).toEqual([]);
      harness.commit(1);
      expect(harness.take()).toMatchObject([{ packetIdentifier: 1 }, { packetIdentifier: 2 }, { packetIdentifier: 3 }]);
    }
  });

  test("[MQTT-4.6.0-4] [v3 MQTT-4.6.0-4] PUBRELs leave in the order of their PUBRECs", () => {
    const harness = new ClientHarness().open();
    for (let i = 0; i < 3; i++) harness.sender.enqueue(entry(harness.session, 2));
    harness.take();
    for (const packetIdentifier of [2, 3, 1]) harness.receive({ type: PacketType.PUBREC, packetIdentifier, reasonCode: 0 });
    expect(harness.take()).toMatchObject([{ packetIdentifier: 2 }, { packetIdentifier: 3 }, { packetIdentifier: 1 }]);
  });

  test("[MQTT-4.5.0-2] [v3 MQTT-4.5.0-2] [MQTT-3.3.4-1] [v3 MQTT-3.3.4-1] each message gets the one of its QoS", () => {
    const harness = new ClientHarness(4).open();
    const { packetIdentifier: _, ...plain } = publish(0) as Packet & { packetIdentifier: number };
    harness.receive({ ...plain, qos: 0 } as Packet, { ...publish(1), qos: 1 } as Packet, publish(2));
    expect(harness.take()).toMatchObject([
      { type: PacketType.PUBACK, packetIdentifier: 1 },
      { type: PacketType.PUBREC, packetIdentifier: 2 },
    ]);
  });

  test("a client that ends the connection from inside a message does not acknowledge it any more", () => {
    const harness = new ClientHarness().open();
    harness.onMessage = () => harness.connection.disconnect(0);
    harness.receive(publish(1));
    expect(harness.take()).toEqual([{ type: PacketType.DISCONNECT, reasonCode: 0 }]);
  });
});
