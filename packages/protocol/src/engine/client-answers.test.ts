import { ClientHarness } from "@bowline/testkit/engine";
import { describe, expect, test } from "vitest";
import { MqttError } from "../errors/mqtt-error.ts";
import { type OutboundEntry, OutboundState } from "../flow/message.ts";
import { PacketType } from "../packet/packet-type.ts";
import type { ConnackPacket, Packet, ProtocolVersion, PublishPacket, QoS } from "../packet/packets.ts";
import { SessionState } from "../session/session-state.ts";
import { pushQueue } from "../session/outbound-queue.ts";
import { removeQueued } from "./client-session.ts";

function publish(topicName: string, qos: QoS = 0, packetIdentifier = 1, properties = {}): PublishPacket {
  const identifier = qos === 0 ? {} : { packetIdentifier };
  return {
    type: PacketType.PUBLISH,
    topicName,
    payload: Uint8Array.of(1),
    qos,
    retain: false,
    dup: false,
    ...identifier,
    properties,
  };
}

function entry(session: SessionState, qos: QoS, changes: Partial<OutboundEntry> = {}): OutboundEntry {
  const sequence = session.nextSequence++;
  return {
    sequence,
    message: { topicName: Uint8Array.of(0x74), payload: Uint8Array.of(sequence), properties: undefined, expiresAt: 0 },
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

const subscription = { topicFilter: "a", qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
const topicsOf = (harness: ClientHarness): unknown[] => harness.calls.filter(([name]) => name === "message").map((call) => call[1]);
const sequencesOf = (packets: readonly Packet[]): number[] =>
  packets.filter((packet): packet is PublishPacket => packet.type === PacketType.PUBLISH).map(({ payload }) => payload[0]!);
function errorOf(harness: ClientHarness): MqttError {
  if (!MqttError.is(harness.end)) throw new Error("it did not end with an error");
  return harness.end;
}

describe("a message that the application refuses", () => {
  test.each([
    [1, PacketType.PUBACK],
    [2, PacketType.PUBREC],
  ] as const)("QoS %i: the acknowledgement that waits carries the Reason Code, told at once or later", (qos, type) => {
    const harness = new ClientHarness().open();
    harness.messageAnswer = 5;
    harness.receive(publish("a", qos, 7));
    harness.connection.refuse(7, 5, 0x99);
    harness.messageAnswer = 6;
    harness.onMessage = () => harness.connection.refuse(8, 6, 0x87);
    harness.receive(publish("a", qos, 8));
    harness.onMessage = undefined;
    harness.messageAnswer = 7;
    harness.receive(publish("a", qos, 9));
    harness.commit(7);
    expect(harness.take()).toEqual([
      { type, packetIdentifier: 7, reasonCode: 0x99 },
      { type, packetIdentifier: 8, reasonCode: 0x87 },
      { type, packetIdentifier: 9, reasonCode: 0 },
    ]);
  });

  test("[MQTT-4.3.3-9] after it the identifier means a new message and takes no place; below 0x80 it does not", () => {
    const harness = new ClientHarness(5, { properties: { receiveMaximum: 1 } }).open();
    harness.messageAnswer = 1;
    harness.receive(publish("a", 2, 7));
    harness.connection.refuse(7, 1, 0x80);
    harness.commit(1);
    harness.messageAnswer = 2;
    harness.receive(publish("b", 2, 7));
    harness.connection.refuse(7, 2, 0x10);
    harness.commit(2);
    harness.receive(publish("c", 2, 7));
    expect(topicsOf(harness)).toEqual(["a", "b"]);
    expect(harness.take().map((packet) => "reasonCode" in packet && packet.reasonCode)).toEqual([0x80, 0x10, 0]);
    harness.receive(publish("d", 2, 8));
    expect(errorOf(harness).code).toBe("RECEIVE_MAX");
  });
});

describe("the topic of a message", () => {
  test("is told whole, however much it is like the one before", () => {
    const topics = ["a/b1", "a/b1", "a/b2", "b/b2", "a/b", "a/b22", "é/1", "é/2", "a/b1"];
    const harness = new ClientHarness().open();
    for (const topic of topics) harness.receive(publish(topic));
    expect(topicsOf(harness)).toEqual(topics);
  });

  test("[MQTT-3.3.2-7] comes by its alias also when another topic came between", () => {
    const harness = new ClientHarness(5, { properties: { topicAliasMaximum: 2 } }).open();
    harness.receive(publish("one", 0, 0, { topicAlias: 1 }), publish("two", 0, 0, { topicAlias: 2 }));
    harness.receive(publish("", 0, 0, { topicAlias: 1 }), publish("", 0, 0, { topicAlias: 1 }), publish("other"));
    harness.receive(
      publish("", 0, 0, { topicAlias: 2 }),
      publish("new", 0, 0, { topicAlias: 2 }),
      publish("", 0, 0, { topicAlias: 2 }),
    );
    expect(topicsOf(harness)).toEqual(["one", "two", "one", "one", "other", "two", "new", "new"]);
  });
});

describe("an answer to SUBSCRIBE or UNSUBSCRIBE", () => {
  test.each([4, 5] as const)("[MQTT-3.8.4-2] is told and frees the identifier (version %i)", (version) => {
    const harness = new ClientHarness(version).open();
    expect(harness.connection.subscribe([subscription])).toBe(1);
    expect(harness.connection.unsubscribe(["a", "b"])).toBe(2);
    harness.receive({ type: PacketType.UNSUBACK, packetIdentifier: 2, reasonCodes: version === 5 ? [0, 0x11] : [] });
    harness.receive({ type: PacketType.SUBACK, packetIdentifier: 1, reasonCodes: [1] });
    expect(harness.calls).toEqual([
      ["unsubscribed", 2],
      ["subscribed", 1, [1]],
    ]);
    expect(harness.session.inFlight.count).toBe(0);
  });

  const wrong: readonly (readonly [string, ProtocolVersion, Packet])[] = [
    ["SUBACK with a code too few", 5, { type: PacketType.SUBACK, packetIdentifier: 1, reasonCodes: [0] }],
    ["SUBACK with a code too many", 4, { type: PacketType.SUBACK, packetIdentifier: 1, reasonCodes: [0, 0, 0] }],
    ["UNSUBACK with a code too few", 5, { type: PacketType.UNSUBACK, packetIdentifier: 2, reasonCodes: [0] }],
    ["SUBACK for UNSUBSCRIBE", 5, { type: PacketType.SUBACK, packetIdentifier: 2, reasonCodes: [0, 0] }],
    ["UNSUBACK for SUBSCRIBE", 5, { type: PacketType.UNSUBACK, packetIdentifier: 1, reasonCodes: [0, 0] }],
    ["UNSUBACK for SUBSCRIBE", 4, { type: PacketType.UNSUBACK, packetIdentifier: 1, reasonCodes: [] }],
    ["UNSUBACK for nothing", 4, { type: PacketType.UNSUBACK, packetIdentifier: 3, reasonCodes: [] }],
    ["SUBACK for nothing", 5, { type: PacketType.SUBACK, packetIdentifier: 3, reasonCodes: [0] }],
  ];
  test.each(wrong)("[MQTT-3.9.3-1] [MQTT-3.11.3-1] %s is a fault of the server (version %i)", (_what, version, answer) => {
    const harness = new ClientHarness(version).open();
    harness.connection.subscribe([subscription, { ...subscription, topicFilter: "b" }]);
    harness.connection.unsubscribe(["a", "b"]);
    harness.receive(answer);
    expect(errorOf(harness)).toMatchObject({ code: "PROTOCOL_ERROR", reasonCode: 0x82 });
    expect(errorOf(harness).message).toContain("an answer to no SUBSCRIBE or UNSUBSCRIBE of ours");
  });

  test("without a free identifier nothing is sent", () => {
    const session = new SessionState();
    for (let i = 0; i < 65_535; i++) session.inFlight.take(OutboundState.AwaitingPuback, entry(session, 1));
    session.survives = true;
    const harness = new ClientHarness(5, {}, { session });
    harness.receive({ type: PacketType.CONNACK, sessionPresent: true, reasonCode: 0, properties: { receiveMaximum: 1 } });
    harness.take();
    expect([harness.connection.subscribe([subscription]), harness.connection.unsubscribe(["a"])]).toEqual([0, 0]);
    expect(harness.take()).toEqual([]);
  });

  test("User Properties go with both", () => {
    const harness = new ClientHarness().open();
    const properties = { userProperties: [["a", "b"] as const] };
    harness.connection.subscribe([subscription], properties);
    harness.connection.unsubscribe(["a"], properties);
    harness.connection.unsubscribe(["a"]);
    expect(harness.take().map((packet) => ("properties" in packet ? packet.properties : undefined))).toEqual([
      properties,
      properties,
      undefined,
    ]);
  });
});

describe("after the CONNACK", () => {
  test("what is asked for from inside `accepted` leaves first, then what is in flight, then what is queued", () => {
    const session = new SessionState();
    session.survives = true;
    pushQueue(session, entry(session, 1));
    const sent = entry(session, 1, { sequence: 0, packetIdentifier: 9, sent: true, state: OutboundState.AwaitingPuback });
    session.inFlight.put(9, OutboundState.AwaitingPuback, sent);
    class Subscribing extends ClientHarness {
      override accepted(packet: ConnackPacket): void {
        super.accepted(packet, []);
        this.connection.subscribe([subscription]);
      }
    }
    const harness = new Subscribing(5, {}, { session });
    harness.take();
    harness.receive({ type: PacketType.CONNACK, sessionPresent: true, reasonCode: 0 });
    expect(harness.take().map(({ type }) => type)).toEqual([PacketType.SUBSCRIBE, PacketType.PUBLISH, PacketType.PUBLISH]);
  });

  test("a sink may hold messages back, until it lets them go", () => {
    const session = new SessionState();
    pushQueue(session, entry(session, 0));
    class Holding extends ClientHarness {
      override accepted(): "hold" {
        return "hold";
      }
    }
    const harness = new Holding(5, {}, { session }).open();
    expect(sequencesOf(harness.take())).toEqual([]);
    harness.sender.blocked = false;
    harness.sender.pump();
    expect(sequencesOf(harness.take())).toEqual([1]);
  });

  test.each([
    [4, 1000],
    [5, 65_535],
  ] as const)("[MQTT-3.3.4-7] without a Receive Maximum %i.x sends up to %i unacknowledged", (version, most) => {
    const session = new SessionState();
    for (let i = 0; i < Math.min(most, 2000) + 1; i++) pushQueue(session, entry(session, 1));
    const harness = new ClientHarness(version, {}, { session });
    harness.take();
    harness.receive({ type: PacketType.CONNACK, sessionPresent: false, reasonCode: 0 });
    expect(harness.take()).toHaveLength(version === 4 ? 1000 : 2001);
  });

  test("what comes in the same chunk after the end is not told", () => {
    const harness = new ClientHarness().open();
    const sink = harness.connection;
    harness.onMessage = () => sink.disconnect(0);
    harness.receiveBytes(Uint8Array.of(0x30, 4, 0, 1, 0x61, 0, 0x30, 4, 0, 1, 0x62, 0));
    expect(topicsOf(harness)).toEqual(["a"]);
  });

  test("an observer is told of every packet before it is acted upon, and where it lies", () => {
    const harness = new ClientHarness().open();
    const seen: unknown[] = [];
    harness.connection.observer = (chunk, start, bodyStart, end) => {
      seen.push([chunk[start]! >>> 4, bodyStart - start, end - bodyStart, topicsOf(harness).length]);
    };
    harness.receiveBytes(Uint8Array.of(0x30, 4, 0, 1, 0x61, 0, 0xd0, 0, 0x62, 3, 0, 5, 0x92));
    expect(seen).toEqual([
      [PacketType.PUBLISH, 2, 4, 0],
      [PacketType.PINGRESP, 2, 0, 1],
      [PacketType.PUBREL, 2, 3, 1],
    ]);
    expect(harness.take()).toEqual([{ type: PacketType.PUBCOMP, packetIdentifier: 5, reasonCode: 0x92 }]);
  });
});

describe("the end", () => {
  test("before the CONNACK needs no DISCONNECT, and is told once", () => {
    const harness = new ClientHarness();
    harness.take();
    harness.connection.disconnect(0);
    expect(harness.take()).toEqual([]);
    expect([harness.connection.deadline, harness.end]).toEqual([Number.POSITIVE_INFINITY, "open"]);
    expect(() => harness.connection.authenticate()).not.toThrow();
    expect(harness.take()).toEqual([]);
  });

  test("has no deadline, nor has a connection without Keep Alive", () => {
    const harness = new ClientHarness(5, { keepAlive: 10 }).open();
    expect(harness.connection.deadline).toBe(9_000);
    harness.connection.channelClosed();
    expect(harness.connection.deadline).toBe(Number.POSITIVE_INFINITY);
    expect(new ClientHarness(5, { keepAlive: 0 }).open().connection.deadline).toBe(Number.POSITIVE_INFINITY);
  });

  test("a fault of the sink is a bug that says what was thrown", () => {
    const harness = new ClientHarness().open();
    const fault = new Error("planted");
    harness.onMessage = () => {
      throw fault;
    };
    harness.receive(publish("a"));
    expect(errorOf(harness)).toMatchObject({ code: "INTERNAL", cause: fault });
  });

  const method = { authenticationMethod: "m" };
  const faults: readonly (readonly [string, string, Partial<ClientHarness["connect"]>, (harness: ClientHarness) => void])[] = [
    ["SILENT", "no CONNACK within the time limit", {}, (h) => h.connection.tick(10_000, true)],
    ["BAD_BYTES", "", {}, (h) => h.receiveBytes(Uint8Array.of(0x48, 0x54, 0x54, 0x50))],
    ["PROTOCOL_ERROR", "another Authentication Method", {}, (h) => h.open({ properties: method })],
    ["PROTOCOL_ERROR", "another Authentication Method", { properties: method }, (h) => h.open()],
    [
      "PROTOCOL_ERROR",
      "was never set",
      { properties: { topicAliasMaximum: 1 } },
      (h) => h.open().receive(publish("", 0, 0, { topicAlias: 1 })),
    ],
    [
      "ALIAS",
      "2 is above the maximum",
      { properties: { topicAliasMaximum: 1 } },
      (h) => h.open().receive(publish("a", 0, 0, { topicAlias: 2 })),
    ],
    ["MALFORMED_PACKET", "PUBLISH", {}, (h) => h.open().receiveBytes(Uint8Array.of(0x30, 2, 0, 9))],
    ["TOPIC_NAME", "PUBLISH", {}, (h) => h.open().receiveBytes(Uint8Array.of(0x30, 4, 0, 1, 0x23, 0))],
    [
      "PROTOCOL_ERROR",
      "problem information",
      { properties: { requestProblemInformation: 0 } },
      (h) => h.open().receiveBytes(Uint8Array.of(0x40, 8, 0, 1, 0, 4, 0x1f, 0, 1, 0x61)),
    ],
  ];
  test.each(faults)("%s says what was wrong: %s", (code, words, changes, act) => {
    const harness = new ClientHarness(5, changes);
    act(harness);
    expect(errorOf(harness).code).toBe(code);
    expect(errorOf(harness).message).toContain(words);
  });

  describe("before it is open, a packet above the limit", () => {
    const limits = { maximumPacketSize: 30 };
    const words = { reasonString: "x".repeat(37) };

    test("[MQTT-3.1.2-24] is named when it is a CONNACK, and the server is told", () => {
      const harness = new ClientHarness(5, {}, { limits });
      harness.receive({ type: PacketType.CONNACK, sessionPresent: false, reasonCode: 0, properties: words });
      expect(errorOf(harness)).toMatchObject({ code: "PACKET_TOO_LARGE", clause: "MQTT-3.1.2-24", source: "peer" });
      expect(errorOf(harness).message).toContain("45 bytes");
      expect(harness.take().at(-1)).toMatchObject({ type: PacketType.DISCONNECT, reasonCode: 0x95 });
    });

    test("[MQTT-3.1.2-24] is named when it is an AUTH", () => {
      const harness = new ClientHarness(5, { properties: method }, { limits });
      harness.receive({ type: PacketType.AUTH, reasonCode: 0x18, properties: { ...method, ...words } });
      expect(errorOf(harness)).toMatchObject({ code: "PACKET_TOO_LARGE", clause: "MQTT-3.1.2-24" });
    });

    test("is heard all the same when it is a refusal, which says more", () => {
      const harness = new ClientHarness(5, {}, { limits });
      harness.receive({ type: PacketType.CONNACK, sessionPresent: false, reasonCode: 0x87, properties: words });
      expect(harness.end).toMatchObject({ type: PacketType.CONNACK, reasonCode: 0x87 });
    });

    test("has no clause before 5.0, where the limit is ours alone", () => {
      const harness = new ClientHarness(4, {}, { limits: { maximumPacketSize: 3 } });
      harness.receiveBytes(Uint8Array.of(0x20, 2, 0, 0));
      expect(errorOf(harness)).toMatchObject({ code: "PACKET_TOO_LARGE" });
      expect(errorOf(harness).clause).toBeUndefined();
    });

    test.each([
      ["so long that nobody waits for it", Uint8Array.of(0x20, 0xff, 0xff, 0x7f, 0, 0)],
      ["no CONNACK but its first byte", Uint8Array.of(0x20, 40, ...new Uint8Array(40).fill(0x2a))],
    ])("is no packet at all when it is %s", (_title, sent) => {
      const harness = new ClientHarness(5, {}, { limits });
      harness.receiveBytes(sent);
      expect(errorOf(harness).code).not.toBe("PACKET_TOO_LARGE");
    });

    test("is taken no more once it is open", () => {
      const harness = new ClientHarness(5, {}, { limits }).open();
      harness.receiveBytes(Uint8Array.of(0x30, 40));
      expect(errorOf(harness)).toMatchObject({ code: "PACKET_TOO_LARGE", clause: "MQTT-3.1.2-24" });
    });
  });

  test("what is too large to be asked is refused with its name", () => {
    const harness = new ClientHarness().open({ properties: { maximumPacketSize: 20 } });
    const long = "x".repeat(50);
    expect(() => harness.connection.subscribe([{ ...subscription, topicFilter: long }])).toThrow(/SUBSCRIBE/);
    expect(() => harness.connection.unsubscribe([long])).toThrow(/UNSUBSCRIBE/);
    expect(() => harness.connection.reauthenticate()).toThrow(/AUTH_METHOD/);
  });
});

test("MQTT 3.1 has no Session Present: a session that was to be kept is kept, any other is not", () => {
  for (const [cleanStart, kept] of [
    [false, 1],
    [true, 0],
  ] as const) {
    const session = new SessionState();
    session.survives = true;
    session.inbound.add(7);
    new ClientHarness(3, { cleanStart, clientIdentifier: "c" }, { session }).open();
    expect(session.inbound.size).toBe(kept);
  }
});

test("what is taken out of a queue is told in order, and what stays keeps its own", () => {
  const session = new SessionState();
  for (let i = 0; i < 6; i++) pushQueue(session, entry(session, 0));
  const removed = removeQueued(session, ({ sequence }) => sequence % 3 !== 0);
  expect(removed.map(({ sequence }) => sequence)).toEqual([3, 6]);
  const left: number[] = [];
  session.queue.forEach(({ sequence }) => left.push(sequence));
  expect(left).toEqual([1, 2, 4, 5]);
  expect(session.queuedBytes).toBe(8);
});

test("[MQTT-4.4.0-1] what a lost session had in flight goes ahead of what is queued, in order, whatever its identifiers are", () => {
  const session = new SessionState();
  session.survives = true;
  pushQueue(session, entry(session, 1, { sequence: 50 }));
  for (const [id, sequence, qos] of [
    [3, 30, 1],
    [20, 10, 1],
    [7, 40, 2],
    [22, 20, 2],
  ] as const) {
    session.inFlight.put(id, OutboundState.AwaitingPuback, entry(session, qos, { sequence, packetIdentifier: id, sent: true }));
  }
  session.inFlight.put(12, OutboundState.AwaitingSuback, undefined);
  const taken: number[] = [];
  class Watching extends ClientHarness {
    override accepted(_packet: ConnackPacket, lost: readonly OutboundEntry[]): void {
      taken.push(...lost.map(({ sequence }) => sequence));
    }
  }
  const harness = new Watching(5, {}, { session });
  harness.take();
  harness.receive({ type: PacketType.CONNACK, sessionPresent: false, reasonCode: 0 });
  expect(taken).toEqual([20, 40]);
  expect(harness.take()).toMatchObject([
    { packetIdentifier: 1, dup: false },
    { packetIdentifier: 2, dup: false },
    { packetIdentifier: 3, dup: false },
  ]);
  expect([session.inFlight.entry(1)?.sequence, session.inFlight.entry(2)?.sequence, session.inFlight.entry(3)?.sequence]).toEqual([
    10, 30, 50,
  ]);
});
