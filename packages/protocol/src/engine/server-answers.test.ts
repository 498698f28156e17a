import { connectPacket, ServerHarness } from "@bowline/testkit/engine";
import { describe, expect, test } from "vitest";
import { MqttError } from "../errors/mqtt-error.ts";
import { type OutboundEntry, OutboundState } from "../flow/message.ts";
import { PacketType } from "../packet/packet-type.ts";
import type { ConnackPacket, Packet, ProtocolVersion, SubscribePacket } from "../packet/packets.ts";
import { SessionState } from "../session/session-state.ts";

const versions: readonly ProtocolVersion[] = [3, 4, 5];

function subscribe(packetIdentifier: number, qos: readonly (0 | 1 | 2)[]): SubscribePacket {
  const options = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  const subscriptions = qos.map((asked, i) => ({ topicFilter: `a/${i}`, qos: asked, ...options }));
  return { type: PacketType.SUBSCRIBE, packetIdentifier, subscriptions };
}
function entry(session: SessionState, qos: 1 | 2, expiresAt = 0): OutboundEntry {
  return {
    sequence: session.nextSequence++,
    message: { topicName: Uint8Array.of(0x74), payload: Uint8Array.of(0x78), properties: undefined, expiresAt },
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

describe.each(versions)("a server on level %i", (version) => {
  test("[MQTT-3.1.4-5] [v3 MQTT-3.1.4-4] [MQTT-3.2.0-1] [v3 MQTT-3.2.0-1] accepts by CONNACK 0, the first packet of all", () => {
    const session = new SessionState();
    session.queue.push(entry(session, 1));
    const harness = new ServerHarness(session);
    harness.send(connectPacket(version));
    const [connack, publish] = harness.take();
    expect(connack).toMatchObject({ type: PacketType.CONNACK, reasonCode: 0, sessionPresent: false });
    expect(publish).toMatchObject({ type: PacketType.PUBLISH });
  });

  test("[MQTT-3.1.4-6] [v3 MQTT-3.1.4-5] [MQTT-3.2.2-7] [v3 MQTT-3.2.2-5] handles nothing after a refusal, and closes", () => {
    const harness = new ServerHarness();
    const error = new MqttError("NOT_AUTHORIZED");
    harness.connectAnswer = () => ({ kind: "refuse", reasonCode: 0x87, error });
    harness.send(connectPacket(version), { type: PacketType.PINGREQ }, subscribe(1, [0]));
    // [MQTT-3.2.2-6] [v3 MQTT-3.2.2-4]
    expect(harness.take()).toMatchObject([{ type: PacketType.CONNACK, reasonCode: 0x87, sessionPresent: false }]);
    expect(harness.calls.map(([name]) => name)).toEqual(["connect", "close"]);
  });

  test("[MQTT-3.2.2-6] [v3 MQTT-3.2.2-4] claims no session when it refuses, whatever becomes of the attempt", () => {
    const harness = new ServerHarness();
    harness.connectAnswer = () => ({ kind: "refuse", reasonCode: 0x88, error: new MqttError("UNAVAILABLE") });
    harness.send(connectPacket(version, { cleanStart: false }));
    expect((harness.take()[0] as ConnackPacket).sessionPresent).toBe(false);
  });

  test("[MQTT-2.2.1-6] [v3 MQTT-2.3.1-7] [MQTT-3.8.4-2] [MQTT-3.8.4-6] [MQTT-3.9.3-1] [v3 MQTT-3.8.4-1] [v3 MQTT-3.8.4-2] [v3 MQTT-3.8.4-5] [v3 MQTT-3.9.3-1] a SUBACK has the identifier and a code for each filter, in order", () => {
    const harness = new ServerHarness().open(version);
    harness.subscribeAnswer = () => ({ reasonCodes: [2, 0x80, 0, 1] });
    harness.send(subscribe(0xfffe, [2, 2, 0, 1]));
    expect(harness.take()).toMatchObject([{ type: PacketType.SUBACK, packetIdentifier: 0xfffe, reasonCodes: [2, 0x80, 0, 1] }]);
  });

  test("[MQTT-3.10.4-4] [MQTT-3.10.4-5] [MQTT-3.11.3-1] [v3 MQTT-3.10.4-4] [v3 MQTT-3.10.4-5] an UNSUBACK has the identifier, also when nothing was deleted", () => {
    const harness = new ServerHarness().open(version);
    harness.unsubscribe = () => ({ reasonCodes: [0x11, 0] });
    harness.send({ type: PacketType.UNSUBSCRIBE, packetIdentifier: 9, topicFilters: ["a", "b"] });
    const reasonCodes = version === 5 ? [0x11, 0] : [];
    expect(harness.take()).toMatchObject([{ type: PacketType.UNSUBACK, packetIdentifier: 9, reasonCodes }]);
  });

  test("[MQTT-3.12.4-1] [v3 MQTT-3.12.4-1] PINGREQ is answered by PINGRESP", () => {
    const harness = new ServerHarness().open(version);
    harness.send({ type: PacketType.PINGREQ });
    expect(harness.take()).toEqual([{ type: PacketType.PINGRESP }]);
  });

  test("[MQTT-4.3.2-1] [MQTT-4.3.2-2] [MQTT-4.3.2-3] [v3 MQTT-4.3.2-1] [v3 MQTT-2.3.1-4] QoS 1 goes out with an unused identifier, QoS 1 and DUP 0, and is unacknowledged until PUBACK", () => {
    const harness = new ServerHarness().open(version);
    for (let i = 0; i < 2; i++) harness.sender.enqueue(entry(harness.session, 1));
    expect(harness.take()).toMatchObject([
      { packetIdentifier: 1, qos: 1, dup: false },
      { packetIdentifier: 2, qos: 1, dup: false },
    ]);
    harness.send({ type: PacketType.PUBACK, packetIdentifier: 1, reasonCode: 0 });
    expect([1, 2].map((id) => harness.session.inFlight.state(id))).toEqual([0, OutboundState.AwaitingPuback]);
  });

  test("[MQTT-3.3.1-3] [v3 MQTT-3.3.1-3] DUP of what is sent says nothing of what was received", () => {
    const from = new ServerHarness().open(version);
    const to = new ServerHarness().open(version);
    from.publish = () => {
      to.sender.enqueue(entry(to.session, 1));
      return 0;
    };
    const payload = Uint8Array.of(1);
    from.send({ type: PacketType.PUBLISH, topicName: "a", payload, qos: 1, retain: false, dup: true, packetIdentifier: 1 });
    expect(to.take()).toMatchObject([{ type: PacketType.PUBLISH, dup: false }]);
  });
});

describe("expiry and QoS 2", () => {
  test("[MQTT-4.3.3-7] a message that was sent does not expire: it is sent again, with a second left", () => {
    const session = new SessionState();
    session.survives = true;
    const first = new ServerHarness(session).open();
    first.sender.enqueue(entry(session, 2, 5_000));
    first.take();
    const second = new ServerHarness(session);
    second.now = 60_000;
    second.send(connectPacket(5, { cleanStart: false }));
    expect(second.take()[1]).toMatchObject({ dup: true, packetIdentifier: 1, properties: { messageExpiryInterval: 1 } });
  });

  test("[MQTT-4.3.3-13] the exchange is carried to its end after the expiry", () => {
    const harness = new ServerHarness().open();
    harness.sender.enqueue(entry(harness.session, 2, 5_000));
    harness.now = 60_000;
    harness.send({ type: PacketType.PUBREC, packetIdentifier: 1, reasonCode: 0 });
    harness.send({ type: PacketType.PUBCOMP, packetIdentifier: 1, reasonCode: 0 });
    expect(harness.take().map(({ type }) => type)).toEqual([PacketType.PUBLISH, PacketType.PUBREL]);
    expect(harness.calls.at(-1)).toEqual(["entryDone", 1, 0]);
  });
});

test("[MQTT-3.1.3-7] an assigned Client Identifier is told in the CONNACK", () => {
  const harness = new ServerHarness();
  harness.connectAnswer = (accept) => ({ ...accept, properties: { assignedClientIdentifier: "given" } });
  harness.send(connectPacket(5, { clientIdentifier: "" }));
  expect(harness.take()).toMatchObject([{ properties: { assignedClientIdentifier: "given" } }]);
});

test("[MQTT-4.6.0-2] acknowledgements of all kinds leave in the order of what they answer", () => {
  const harness = new ServerHarness().open();
  const publish = (packetIdentifier: number, qos: 1 | 2): Packet => {
    const payload = new Uint8Array(1);
    return { type: PacketType.PUBLISH, topicName: "a", payload, qos, retain: false, dup: false, packetIdentifier };
  };
  harness.publishAnswer = 2;
  harness.send(publish(1, 1));
  harness.publishAnswer = 0;
  harness.send(publish(2, 2), { type: PacketType.PUBREL, packetIdentifier: 9, reasonCode: 0 }, publish(3, 1));
  expect(harness.take()).toEqual([]);
  harness.commit(2);
  expect(harness.take().map(({ type }) => type)).toEqual([
    PacketType.PUBACK,
    PacketType.PUBREC,
    PacketType.PUBCOMP,
    PacketType.PUBACK,
  ]);
});
