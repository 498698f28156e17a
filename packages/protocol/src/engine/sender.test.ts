import { connectPacket, ServerHarness } from "@bowline/testkit/engine";
import { describe, expect, test } from "vitest";
import { type OutboundEntry, OutboundState } from "../flow/message.ts";
import { PacketType } from "../packet/packet-type.ts";
import type { Packet, PublishPacket, QoS } from "../packet/packets.ts";
import { PublishSource } from "../packet/write-publish.ts";
import { SessionState } from "../session/session-state.ts";
import { pushQueue } from "../session/outbound-queue.ts";
import { DROPPED_EXPIRED, DROPPED_TOO_LARGE } from "./sender.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** An entry whose payload is its number, so that order can be read off the packets. */
function entry(
  session: SessionState,
  qos: QoS,
  changes: Partial<OutboundEntry> & { expiresAt?: number; size?: number } = {},
): OutboundEntry {
  const sequence = session.nextSequence++;
  const payload = changes.size === undefined ? text(String(sequence)) : new Uint8Array(changes.size);
  const message = { topicName: text("t"), payload, properties: undefined, expiresAt: changes.expiresAt ?? 0 };
  return {
    sequence,
    message,
    qos,
    retain: false,
    subscriptionIdentifiers: [],
    state: OutboundState.Queued,
    packetIdentifier: 0,
    sent: false,
    commit: 0,
    tag: undefined,
    ...changes,
  };
}
const acknowledgement = (type: 4 | 5 | 7, packetIdentifier: number, reasonCode = 0): Packet => ({
  type,
  packetIdentifier,
  reasonCode,
});
const payloads = (packets: readonly Packet[]): string[] =>
  packets
    .filter((packet): packet is PublishPacket => packet.type === PacketType.PUBLISH)
    .map((packet) => new TextDecoder().decode(packet.payload));

function survivor(): SessionState {
  const session = new SessionState();
  session.survives = true;
  return session;
}

describe("quota and order", () => {
  test("[MQTT-3.3.4-9] never more than Receive Maximum unacknowledged; the rest follows in order as acknowledgements come", () => {
    const harness = new ServerHarness().open(5, { properties: { receiveMaximum: 2 } });
    for (let i = 0; i < 5; i++) harness.sender.enqueue(entry(harness.session, 1));
    expect(payloads(harness.take())).toEqual(["1", "2"]);
    harness.send(acknowledgement(PacketType.PUBACK, 2));
    expect(payloads(harness.take())).toEqual(["3"]);
    harness.send(acknowledgement(PacketType.PUBACK, 1), acknowledgement(PacketType.PUBACK, 3));
    expect(payloads(harness.take())).toEqual(["4", "5"]);
  });

  test("the first Packet Identifier of a session is 1", () => {
    const harness = new ServerHarness().open();
    harness.sender.enqueue(entry(harness.session, 1));
    expect(harness.take()).toMatchObject([{ packetIdentifier: 1 }]);
  });

  test("QoS 0 does not need quota, but does not overtake what is queued", () => {
    const harness = new ServerHarness().open(5, { properties: { receiveMaximum: 1 } });
    for (const qos of [1, 1, 0] as const) harness.sender.enqueue(entry(harness.session, qos));
    expect(payloads(harness.take())).toEqual(["1"]);
    harness.send(acknowledgement(PacketType.PUBACK, 1));
    expect(payloads(harness.take())).toEqual(["2", "3"]);
  });

  test("a blocked transport holds entries back until it is pumped", () => {
    const harness = new ServerHarness().open();
    harness.sender.blocked = true;
    harness.sender.enqueue(entry(harness.session, 1));
    expect(harness.take()).toEqual([]);
    harness.sender.blocked = false;
    harness.sender.pump();
    expect(payloads(harness.take())).toEqual(["1"]);
  });

  test("a PUBREC above 0x7F frees quota and identifier without PUBREL (section 4.9)", () => {
    const harness = new ServerHarness().open(5, { properties: { receiveMaximum: 1 } });
    harness.sender.enqueue(entry(harness.session, 2));
    harness.sender.enqueue(entry(harness.session, 2));
    harness.take();
    harness.send(acknowledgement(PacketType.PUBREC, 1, 0x97));
    expect(harness.take()).toMatchObject([{ type: PacketType.PUBLISH, packetIdentifier: 2 }]);
    expect(harness.calls).toContainEqual(["entryDone", 1, 0x97]);
  });
});

describe("what an earlier connection left", () => {
  test("[MQTT-3.3.4-9] a PUBREL that is sent again takes part of the Receive Maximum until its PUBCOMP", () => {
    const session = survivor();
    const first = new ServerHarness(session).open(5, { properties: { receiveMaximum: 2 } });
    for (let i = 0; i < 2; i++) first.sender.enqueue(entry(session, 2));
    first.send(acknowledgement(PacketType.PUBREC, 1));
    first.take();
    const second = new ServerHarness(session);
    for (let i = 0; i < 2; i++) pushQueue(session, entry(session, 1));
    second.send(connectPacket(5, { properties: { receiveMaximum: 2 } }));
    expect(payloads(second.take())).toEqual(["2"]);
    second.send(acknowledgement(PacketType.PUBCOMP, 1));
    expect(payloads(second.take())).toEqual(["3"]);
    second.send(acknowledgement(PacketType.PUBREC, 2, 0x80));
    expect(payloads(second.take())).toEqual(["4"]);
  });

  test("[MQTT-3.3.4-9] an acknowledgement that comes before the message is sent again makes no room for another", () => {
    const session = survivor();
    const first = new ServerHarness(session).open();
    for (let i = 0; i < 3; i++) first.sender.enqueue(entry(session, 1));
    first.take();
    const second = new ServerHarness(session);
    second.send(connectPacket(5, { properties: { receiveMaximum: 1 } }), acknowledgement(PacketType.PUBACK, 2));
    expect(payloads(second.take())).toEqual(["1"]);
    second.send(acknowledgement(PacketType.PUBACK, 1));
    expect(payloads(second.take())).toEqual(["3"]);
  });

  test("[MQTT-2.2.1-4] an acknowledgement that comes before the message is sent again keeps it from leaving", () => {
    const session = survivor();
    const first = new ServerHarness(session).open();
    first.sender.enqueue(entry(session, 1));
    first.take();
    session.inFlight.entry(1)!.commit = 7;
    const second = new ServerHarness(session).open();
    second.send(acknowledgement(PacketType.PUBACK, 1));
    second.entryCommit = 8;
    second.sender.enqueue(entry(session, 1));
    second.commit(8);
    expect(payloads(second.take())).toEqual(["2"]);
  });
});

describe("QoS 2 outbound", () => {
  test("[MQTT-4.3.3-1] [MQTT-4.3.3-2] [MQTT-4.3.3-3] [MQTT-4.3.3-4] [MQTT-4.3.3-5] [MQTT-2.2.1-5] PUBLISH, PUBREC, PUBREL, PUBCOMP", () => {
    const harness = new ServerHarness().open();
    harness.sender.enqueue(entry(harness.session, 2));
    expect(harness.take()).toMatchObject([{ type: PacketType.PUBLISH, qos: 2, dup: false, packetIdentifier: 1 }]);
    harness.send(acknowledgement(PacketType.PUBREC, 1));
    expect(harness.take()).toMatchObject([{ type: PacketType.PUBREL, packetIdentifier: 1, reasonCode: 0 }]);
    harness.send(acknowledgement(PacketType.PUBREC, 1));
    expect(harness.take()).toMatchObject([{ type: PacketType.PUBREL, packetIdentifier: 1 }]);
    harness.send(acknowledgement(PacketType.PUBCOMP, 1));
    expect(harness.session.inFlight.count).toBe(0);
    expect(harness.calls.at(-1)).toEqual(["entryDone", 1, 0]);
  });

  test("an unknown PUBREC is answered with PUBREL 0x92", () => {
    const harness = new ServerHarness().open();
    harness.send(acknowledgement(PacketType.PUBREC, 9));
    expect(harness.take()).toMatchObject([{ type: PacketType.PUBREL, packetIdentifier: 9, reasonCode: 0x92 }]);
  });

  test("acknowledgements for nothing change nothing", () => {
    const harness = new ServerHarness().open();
    harness.sender.enqueue(entry(harness.session, 2));
    harness.take();
    harness.send(acknowledgement(PacketType.PUBACK, 99), acknowledgement(PacketType.PUBCOMP, 99));
    expect(harness.take()).toEqual([]);
    expect(harness.session.inFlight.state(1)).toBe(OutboundState.AwaitingPubrec);
  });

  test.each([
    [1, PacketType.PUBREC],
    [1, PacketType.PUBCOMP],
    [2, PacketType.PUBACK],
    [2, PacketType.PUBCOMP],
  ] as const)(
    "[MQTT-4.13.1-1] a QoS %d message acknowledged by packet type %d is a Protocol Error, and stays in flight",
    (qos, type) => {
      const harness = new ServerHarness().open();
      harness.sender.enqueue(entry(harness.session, qos));
      harness.take();
      harness.send(acknowledgement(type, 1));
      expect(harness.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: 0x82 }]);
      expect(harness.session.inFlight.count).toBe(1);
    },
  );

  test("[MQTT-4.13.1-1] PUBACK after PUBREC is a Protocol Error", () => {
    const harness = new ServerHarness().open();
    harness.sender.enqueue(entry(harness.session, 2));
    harness.send(acknowledgement(PacketType.PUBREC, 1));
    harness.take();
    harness.send(acknowledgement(PacketType.PUBACK, 1));
    expect(harness.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: 0x82 }]);
  });
});

describe("commits (ADR 0001)", () => {
  test("a PUBLISH of a surviving session leaves when its identifier is kept, in order", () => {
    const harness = new ServerHarness(survivor()).open();
    harness.entryCommit = 2;
    harness.sender.enqueue(entry(harness.session, 1));
    harness.entryCommit = 3;
    harness.sender.enqueue(entry(harness.session, 1));
    expect(harness.take()).toEqual([]);
    harness.commit(2);
    expect(payloads(harness.take())).toEqual(["1"]);
    harness.commit(3);
    expect(payloads(harness.take())).toEqual(["2"]);
  });

  test("PUBREL leaves when the new state is kept", () => {
    const harness = new ServerHarness(survivor()).open();
    harness.sender.enqueue(entry(harness.session, 2));
    harness.take();
    harness.entryCommit = 4;
    harness.send(acknowledgement(PacketType.PUBREC, 1));
    expect(harness.take()).toEqual([]);
    harness.commit(4);
    expect(harness.take()).toMatchObject([{ type: PacketType.PUBREL, packetIdentifier: 1 }]);
  });

  test("an identifier whose PUBLISH has not left cannot be acknowledged", () => {
    const harness = new ServerHarness(survivor()).open();
    harness.entryCommit = 2;
    harness.sender.enqueue(entry(harness.session, 1));
    harness.send(acknowledgement(PacketType.PUBACK, 1));
    expect(harness.session.inFlight.count).toBe(1);
  });

  test("a message that must not go on before a commit waits in the queue of a session that does not survive", () => {
    const harness = new ServerHarness().open();
    harness.sender.enqueue(entry(harness.session, 1, { commit: 6 }));
    harness.sender.enqueue(entry(harness.session, 1));
    expect(harness.take()).toEqual([]);
    harness.commit(6);
    expect(payloads(harness.take())).toEqual(["1", "2"]);
  });

  test("an entry dropped by expiry does not hold those behind it", () => {
    const harness = new ServerHarness().open();
    harness.now = 1000;
    harness.sender.enqueue(entry(harness.session, 1, { expiresAt: 999 }));
    harness.sender.enqueue(entry(harness.session, 1));
    expect(payloads(harness.take())).toEqual(["2"]);
    expect(harness.calls).toContainEqual(["entryDone", 0, DROPPED_EXPIRED]);
  });

  test("[MQTT-3.3.2-6] the Message Expiry Interval is sent less the time waited", () => {
    const harness = new ServerHarness().open();
    harness.now = 4000;
    harness.sender.enqueue(entry(harness.session, 1, { expiresAt: 10_000 }));
    expect(harness.take()).toMatchObject([{ properties: { messageExpiryInterval: 6 } }]);
  });

  test("[MQTT-3.1.2-25] a message above the client's Maximum Packet Size is discarded as if sent", () => {
    const harness = new ServerHarness().open(5, { properties: { maximumPacketSize: 50, receiveMaximum: 1 } });
    harness.sender.enqueue(entry(harness.session, 1, { size: 100 }));
    harness.sender.enqueue(entry(harness.session, 1));
    expect(payloads(harness.take())).toEqual(["2"]);
    expect(harness.calls).toContainEqual(["entryDone", 1, DROPPED_TOO_LARGE]);
    expect(harness.session.inFlight.count).toBe(1);
  });
});

describe("a new connection of the session", () => {
  test("[MQTT-4.4.0-1] resends in the original order with DUP and the same identifiers; PUBREL where PUBREC had come", () => {
    const session = survivor();
    const first = new ServerHarness(session).open();
    for (const qos of [1, 2, 2, 1] as const) first.sender.enqueue(entry(session, qos));
    first.take();
    first.send(acknowledgement(PacketType.PUBREC, 2));
    const second = new ServerHarness(session);
    second.open();
    expect(second.session).toBe(session);
    const resent = new ServerHarness(session);
    resent.send({ type: PacketType.CONNECT, protocolVersion: 5, cleanStart: false, keepAlive: 0, clientIdentifier: "c" });
    expect(resent.take()).toMatchObject([
      { type: PacketType.CONNACK },
      { type: PacketType.PUBLISH, packetIdentifier: 1, dup: true, qos: 1 },
      { type: PacketType.PUBREL, packetIdentifier: 2 },
      { type: PacketType.PUBLISH, packetIdentifier: 3, dup: true, qos: 2 },
      { type: PacketType.PUBLISH, packetIdentifier: 4, dup: true, qos: 1 },
    ]);
  });

  test("[MQTT-3.3.1-1] what had not left yet goes without DUP", () => {
    const session = survivor();
    const first = new ServerHarness(session).open();
    first.entryCommit = 9;
    first.sender.enqueue(entry(session, 1));
    const second = new ServerHarness(session);
    second.committed = 9;
    second.send({ type: PacketType.CONNECT, protocolVersion: 5, cleanStart: false, keepAlive: 0, clientIdentifier: "c" });
    expect(second.take().at(-1)).toMatchObject({ type: PacketType.PUBLISH, packetIdentifier: 1, dup: false });
  });

  test("resending keeps to the new Receive Maximum, and the queue waits behind it", () => {
    const session = survivor();
    const first = new ServerHarness(session).open();
    for (let i = 0; i < 3; i++) first.sender.enqueue(entry(session, 1));
    first.take();
    pushQueue(session, entry(session, 1));
    const second = new ServerHarness(session);
    second.send({
      type: PacketType.CONNECT,
      protocolVersion: 5,
      cleanStart: false,
      keepAlive: 0,
      clientIdentifier: "c",
      properties: { receiveMaximum: 2 },
    });
    expect(payloads(second.take())).toEqual(["1", "2"]);
    second.send(acknowledgement(PacketType.PUBACK, 1));
    expect(payloads(second.take())).toEqual(["3"]);
    second.send(acknowledgement(PacketType.PUBACK, 2), acknowledgement(PacketType.PUBACK, 3));
    expect(payloads(second.take())).toEqual(["4"]);
    expect(session.queuedBytes).toBe(0);
  });

  test("a PUBCOMP for a resent PUBREL does not raise the quota above Receive Maximum (section 4.9)", () => {
    const session = survivor();
    const first = new ServerHarness(session).open();
    first.sender.enqueue(entry(session, 2));
    first.take();
    first.send(acknowledgement(PacketType.PUBREC, 1));
    const second = new ServerHarness(session);
    second.send({
      type: PacketType.CONNECT,
      protocolVersion: 5,
      cleanStart: false,
      keepAlive: 0,
      clientIdentifier: "c",
      properties: { receiveMaximum: 1 },
    });
    second.take();
    second.send(acknowledgement(PacketType.PUBCOMP, 1));
    second.sender.enqueue(entry(session, 1));
    second.sender.enqueue(entry(session, 1));
    expect(payloads(second.take())).toEqual(["2"]);
  });

  test("identifiers that belonged to messages which did not survive are free again", () => {
    const session = new SessionState();
    const first = new ServerHarness(session).open();
    const source = new PublishSource();
    source.topic.set(text("t"), 0, 1);
    expect(first.sender.publishTransient(source, 1, false)).toBe(true);
    expect(session.inFlight.count).toBe(1);
    new ServerHarness(session).open();
    expect(session.inFlight.count).toBe(0);
  });
});
