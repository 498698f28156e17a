import { ClientHarness, connectPacket, ServerHarness } from "@bowline/testkit/engine";
import { describe, expect, test } from "vitest";
import { type OutboundEntry, OutboundState } from "../flow/message.ts";
import { PacketType } from "../packet/packet-type.ts";
import type { Packet, ProtocolVersion, PublishPacket, QoS } from "../packet/packets.ts";
import { SessionState } from "../session/session-state.ts";

/*
 * Section 4.3 and 4.4 for each role and version: the flows are one code, and these tests hold both ends of it to each step. `peer`
 * is the other side, played by hand.
 */

/** One side's engines on one Network Connection, with a Session that may come from an earlier one. */
interface Side {
  readonly session: SessionState;
  send(...packets: Packet[]): void;
  take(): Packet[];
  enqueue(entry: OutboundEntry): void;
  /** Payloads that were handed on, in order. */
  delivered(): string[];
  wait(ms: number): void;
}

type Role = "client" | "server";

function connect(role: Role, version: ProtocolVersion, session: SessionState = new SessionState(), isResumed = false): Side {
  session.survives = true;
  return role === "client" ? clientSide(version, session, isResumed) : serverSide(version, session);
}

function clientSide(version: ProtocolVersion, session: SessionState, sessionPresent: boolean): Side {
  const harness = new ClientHarness(version, { keepAlive: 0 }, { session });
  harness.take();
  // 3.1 cannot say it; the client takes the Session as lost there, so a resumption is played on the later versions only.
  harness.receive({ type: PacketType.CONNACK, sessionPresent: sessionPresent && version !== 3, reasonCode: 0 });
  return {
    session,
    send: (...packets) => void harness.receive(...packets),
    take: () => harness.take(),
    enqueue: (entry) => harness.sender.enqueue(entry),
    delivered: () => harness.calls.filter(([name]) => name === "message").map((call) => textOf(call[2] as PublishPacket)),
    wait: (ms) => {
      harness.now += ms;
      harness.connection.tick(harness.now, true);
    },
  };
}

function serverSide(version: ProtocolVersion, session: SessionState): Side {
  const harness = new ServerHarness(session);
  harness.send(connectPacket(version, { keepAlive: 0, cleanStart: false }));
  harness.sender.flush();
  return {
    session,
    send: (...packets) => harness.send(...packets),
    take: () => harness.take().filter(({ type }) => type !== PacketType.CONNACK),
    enqueue: (entry) => harness.sender.enqueue(entry),
    delivered: () => harness.calls.filter(([name]) => name === "publish").map((call) => textOf(call[1] as PublishPacket)),
    wait: (ms) => {
      harness.now += ms;
      harness.connection.tick(harness.now);
    },
  };
}

function textOf({ payload }: PublishPacket): string {
  return new TextDecoder().decode(payload);
}

function entryOf(session: SessionState, qos: QoS, text: string, expiresAt = 0): OutboundEntry {
  return {
    sequence: session.nextSequence++,
    message: { topicName: Uint8Array.of(0x74), payload: new TextEncoder().encode(text), properties: undefined, expiresAt },
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

/** What is looked at of a packet that was sent. */
function seen(packet: Packet): string {
  if (packet.type !== PacketType.PUBLISH)
    return `${names[packet.type]} ${(packet as { packetIdentifier?: number }).packetIdentifier}`;
  const { qos, dup, packetIdentifier } = packet;
  return `PUBLISH ${packetIdentifier ?? "-"} qos ${qos}${dup ? " dup" : ""} ${textOf(packet)}`;
}

const names: Readonly<Record<number, string>> = { 4: "PUBACK", 5: "PUBREC", 6: "PUBREL", 7: "PUBCOMP" };
const acknowledge = (type: 4 | 5 | 6 | 7, packetIdentifier: number, reasonCode = 0): Packet => ({
  type,
  packetIdentifier,
  reasonCode,
});
const publish = (qos: QoS, packetIdentifier: number, text: string, dup = false): Packet => ({
  type: PacketType.PUBLISH,
  topicName: "t",
  payload: new TextEncoder().encode(text),
  qos,
  retain: false,
  dup,
  ...(qos === 0 ? {} : { packetIdentifier }),
});

const sides = (["client", "server"] as const).flatMap((role) => ([3, 4, 5] as const).map((version) => ({ role, version })));

describe.each(sides)("as sender: $role, version $version", ({ role, version }) => {
  test("[MQTT-4.3.1-1] [v3 MQTT-4.3.1-1] QoS 0 leaves with QoS 0, DUP 0 and no identifier", () => {
    const side = connect(role, version);
    for (const text of ["a", "b"]) side.enqueue(entryOf(side.session, 0, text));
    expect(side.take().map(seen)).toEqual(["PUBLISH - qos 0 a", "PUBLISH - qos 0 b"]);
  });

  test("[MQTT-4.3.2-1] [MQTT-4.3.3-1] [MQTT-2.2.1-3] [MQTT-2.2.1-4] [v3 MQTT-2.3.1-2] [v3 MQTT-2.3.1-4] no identifier is given while it is in use, nor 0, however many messages pass", () => {
    const side = connect(role, version);
    side.enqueue(entryOf(side.session, 1, "stays"));
    side.enqueue(entryOf(side.session, 2, "stays"));
    side.send(acknowledge(5, 2));
    expect(side.take().map(seen)).toEqual(["PUBLISH 1 qos 1 stays", "PUBLISH 2 qos 2 stays", "PUBREL 2"]);
    const given = new Set<number>();
    for (let i = 0; i < 66_000; i++) {
      side.enqueue(entryOf(side.session, 1, "x"));
      const [packet] = side.take() as [PublishPacket];
      given.add(packet.packetIdentifier!);
      side.send(acknowledge(4, packet.packetIdentifier!));
    }
    expect([0, 1, 2].filter((id) => given.has(id))).toEqual([]);
    // They went round once; identifiers that share a place with one in use were passed over.
    expect(given.size).toBeGreaterThan(50_000);
  });

  test("[MQTT-4.3.2-2] [MQTT-4.3.2-3] [v3 MQTT-4.3.2-1] QoS 1: DUP 0 the first time, unacknowledged until its PUBACK, and never sent again by itself", () => {
    const side = connect(role, version);
    side.enqueue(entryOf(side.session, 1, "a"));
    expect(side.take().map(seen)).toEqual(["PUBLISH 1 qos 1 a"]);
    side.wait(3_600_000);
    side.send(acknowledge(4, 7));
    expect(side.take()).toEqual([]);
    expect(side.session.inFlight.state(1)).toBe(OutboundState.AwaitingPuback);
    side.send(acknowledge(4, 1));
    expect(side.session.inFlight.count).toBe(0);
  });

  test("[MQTT-4.3.3-2] [MQTT-4.3.3-3] [MQTT-4.3.3-4] [MQTT-4.3.3-5] [MQTT-2.2.1-5] [v3 MQTT-4.3.3-1] [v3 MQTT-2.3.1-6] QoS 2: DUP 0, unacknowledged until PUBREC; then PUBREL of the same identifier, until PUBCOMP", () => {
    const side = connect(role, version);
    side.enqueue(entryOf(side.session, 2, "a"));
    side.enqueue(entryOf(side.session, 2, "b"));
    expect(side.take().map(seen)).toEqual(["PUBLISH 1 qos 2 a", "PUBLISH 2 qos 2 b"]);
    side.send(acknowledge(5, 2));
    expect(side.take().map(seen)).toEqual(["PUBREL 2"]);
    expect([1, 2].map((id) => side.session.inFlight.state(id))).toEqual([
      OutboundState.AwaitingPubrec,
      OutboundState.AwaitingPubcomp,
    ]);
    side.send(acknowledge(7, 2));
    expect([1, 2].map((id) => side.session.inFlight.state(id))).toEqual([OutboundState.AwaitingPubrec, 0]);
  });
});

const resuming = sides.filter(({ role, version }) => role === "server" || version !== 3);

describe.each(resuming)("as sender on a resumed Session: $role, version $version", ({ role, version }) => {
  test("[MQTT-4.4.0-1] [MQTT-4.6.0-1] [MQTT-3.3.1-1] [MQTT-4.3.3-6] [v3 MQTT-4.4.0-1] [v3 MQTT-4.6.0-1] [v3 MQTT-3.3.1-1] [v3 MQTT-2.3.1-3] what is unacknowledged is sent again in order with its identifier and DUP; PUBREL where PUBREC came, and no PUBLISH", () => {
    const first = connect(role, version);
    const flows = [1, 2, 1, 2, 2, 1] as const;
    for (const [i, qos] of flows.entries()) first.enqueue(entryOf(first.session, qos, `m${i + 1}`));
    first.take();
    first.send(acknowledge(4, 3), acknowledge(5, 4), acknowledge(5, 2), acknowledge(7, 2));
    first.take();
    const second = connect(role, version, first.session, true);
    expect(second.take().map(seen)).toEqual([
      "PUBLISH 1 qos 1 dup m1",
      "PUBREL 4",
      "PUBLISH 5 qos 2 dup m5",
      "PUBLISH 6 qos 1 dup m6",
    ]);
    second.wait(3_600_000);
    expect(second.take()).toEqual([]);
    second.send(acknowledge(4, 1), acknowledge(7, 4), acknowledge(5, 5), acknowledge(4, 6));
    expect(second.take().map(seen)).toEqual(["PUBREL 5"]);
    second.send(acknowledge(7, 5));
    expect(second.session.inFlight.count).toBe(0);
  });
});

describe.each(["client", "server"] as const)("as sender on 5.0: %s", (role) => {
  test("[MQTT-4.4.0-2] [MQTT-4.3.3-4] a PUBACK or PUBREC of 0x80 or more settles the message: no PUBREL, nothing sent again, its identifier free", () => {
    const first = connect(role, 5);
    for (const qos of [1, 2] as const) first.enqueue(entryOf(first.session, qos, `m${qos}`));
    first.take();
    first.send(acknowledge(4, 1, 0x97), acknowledge(5, 2, 0x87));
    expect(first.take()).toEqual([]);
    expect(first.session.inFlight.count).toBe(0);
    expect(connect(role, 5, first.session, true).take()).toEqual([]);
  });

  test("[MQTT-4.3.3-7] a message that was sent no longer expires, one that was not does", () => {
    const first = connect(role, 5);
    first.enqueue(entryOf(first.session, 2, "sent", 1_000));
    first.take();
    first.wait(2_000);
    first.enqueue(entryOf(first.session, 2, "late", 1_000));
    expect(first.take()).toEqual([]);
    expect(connect(role, 5, first.session, true).take().map(seen)).toEqual(["PUBLISH 1 qos 2 dup sent"]);
  });
});

describe.each(sides)("as receiver: $role, version $version", ({ role, version }) => {
  test("[MQTT-4.3.2-4] [MQTT-4.3.2-5] [v3 MQTT-4.3.2-2] QoS 1: PUBACK of the same identifier, and after it the identifier is a new message, DUP or not", () => {
    const side = connect(role, version);
    side.send(publish(1, 7, "a"), publish(1, 7, "b", true), publish(1, 7, "c"));
    expect(side.take().map(seen)).toEqual(["PUBACK 7", "PUBACK 7", "PUBACK 7"]);
    expect(side.delivered()).toEqual(["a", "b", "c"]);
  });

  test("[MQTT-4.3.3-8] [MQTT-4.3.3-10] [MQTT-4.3.3-11] [MQTT-4.3.3-12] [v3 MQTT-4.3.3-2] QoS 2: PUBREC each time, delivered once until PUBREL, then PUBCOMP, and after it a new message", () => {
    const side = connect(role, version);
    side.send(publish(2, 7, "a"), publish(2, 7, "a", true), publish(2, 7, "a", true));
    expect(side.take().map(seen)).toEqual(["PUBREC 7", "PUBREC 7", "PUBREC 7"]);
    side.send(acknowledge(6, 7), acknowledge(6, 7));
    expect(side.take().map(seen)).toEqual(["PUBCOMP 7", "PUBCOMP 7"]);
    side.send(publish(2, 7, "b"));
    expect(side.take().map(seen)).toEqual(["PUBREC 7"]);
    expect(side.delivered()).toEqual(["a", "b"]);
  });
});

describe.each(resuming)("as receiver on a resumed Session: $role, version $version", ({ role, version }) => {
  test("[MQTT-4.3.3-10] [v3 MQTT-4.3.3-2] a QoS 2 message sent again is not delivered again, and its PUBREL completes it", () => {
    const first = connect(role, version);
    first.send(publish(2, 7, "a"), publish(2, 8, "b"));
    first.take();
    const second = connect(role, version, first.session, true);
    second.send(publish(2, 7, "a", true), acknowledge(6, 8));
    expect(second.take().map(seen)).toEqual(["PUBREC 7", "PUBCOMP 8"]);
    second.send(acknowledge(6, 7), publish(2, 7, "c"), publish(2, 8, "d"));
    expect(second.take().map(seen)).toEqual(["PUBCOMP 7", "PUBREC 7", "PUBREC 8"]);
    expect(second.delivered()).toEqual(["c", "d"]);
  });
});

test("[MQTT-4.3.3-9] after a PUBREC of 0x80 or more the identifier is a new message", () => {
  const harness = new ServerHarness().open(5);
  harness.publishAnswer = -0x97;
  harness.send(publish(2, 7, "refused"));
  expect(harness.take()).toMatchObject([{ type: PacketType.PUBREC, packetIdentifier: 7, reasonCode: 0x97 }]);
  harness.publishAnswer = 0;
  harness.send(publish(2, 7, "taken", true), publish(2, 7, "taken", true));
  expect(harness.take()).toMatchObject([
    { type: PacketType.PUBREC, reasonCode: 0 },
    { type: PacketType.PUBREC, reasonCode: 0 },
  ]);
  expect(harness.calls.filter(([name]) => name === "publish")).toHaveLength(2);
});
