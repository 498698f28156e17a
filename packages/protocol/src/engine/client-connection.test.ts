import { beforeEach, describe, expect, test } from "vitest";
import { type OutboundEntry, OutboundState } from "../flow/message.ts";
import { decodePacket } from "../packet/decode.ts";
import { encodeToBytes } from "../packet/encode.ts";
import { FrameDecoder } from "../packet/frame-decoder.ts";
import { PacketType } from "../packet/packet-type.ts";
import type { ConnectPacket, Packet } from "../packet/packets.ts";
import { SessionState } from "../session/session-state.ts";
import { ClientConnection } from "./client-connection.ts";
import { pushQueue } from "../session/outbound-queue.ts";
import { Sender } from "./sender.ts";

const CONNECT: ConnectPacket = {
  type: PacketType.CONNECT,
  protocolVersion: 5,
  cleanStart: false,
  keepAlive: 10,
  clientIdentifier: "c",
  properties: { receiveMaximum: 2, topicAliasMaximum: 1 },
};
const CONNACK: Packet = { type: PacketType.CONNACK, sessionPresent: true, reasonCode: 0 };

/** One connection, what it wrote and what it told. */
class Recorder {
  readonly session = new SessionState();
  readonly told: string[] = [];
  readonly sender: Sender;
  readonly connection: ClientConnection;
  readonly committed = 0;
  /** What `message` answers. */
  answer = 0;
  private readonly sent: Packet[] = [];
  private readonly decoder: FrameDecoder;

  constructor(connect: Partial<ConnectPacket> = {}, session: (state: SessionState) => void = () => undefined) {
    this.session.survives = true;
    session(this.session);
    this.sender = new Sender(this);
    this.decoder = new FrameDecoder(
      {
        frame: (chunk, start, bodyStart, end) => {
          this.sent.push(decodePacket(chunk, start, bodyStart, end, this.connect.protocolVersion));
          return true;
        },
        malformed: (code) => this.told.push(`malformed ${code}`),
      },
      1 << 20,
    );
    this.connect = { ...CONNECT, ...connect };
    const limits = { maximumPacketSize: 1000, connectTimeoutMs: 5000 };
    this.connection = new ClientConnection(this, this.sender, this.session, this.connect, limits, 0);
  }
  readonly connect: ConnectPacket;

  receive(...packets: Packet[]): this {
    for (const packet of packets) this.connection.receive(encodeToBytes(packet, this.connect.protocolVersion), 0);
    return this;
  }
  /** The packets written since the last call, by type and the facts that matter. */
  written(): Packet[] {
    this.sender.flush();
    return this.sent.splice(0);
  }

  write(bytes: Uint8Array): boolean {
    this.decoder.push(bytes.slice());
    return true;
  }
  schedule(): void {
    // `written` flushes.
  }
  awaitCommit(): void {
    // Nothing is stored.
  }
  entryMoved(): number {
    return 0;
  }
  entryDone(entry: OutboundEntry, outcome: number): void {
    this.told.push(`done ${String(entry.tag)} ${outcome}`);
  }
  wallTime(): number {
    return 0;
  }

  accepted(_packet: Packet, taken: readonly OutboundEntry[]): void {
    this.told.push(["accepted", ...taken.map(({ tag }) => String(tag))].join(" "));
  }
  message(topicName: string): number {
    this.told.push(`message ${topicName}`);
    return this.answer;
  }
  subscribed(): void {
    this.told.push("subscribed");
  }
  unsubscribed(): void {
    this.told.push("unsubscribed");
  }
  auth(): void {
    this.told.push("auth");
  }
  ended(error: { code: string } | undefined, packet: Packet | undefined): void {
    this.told.push(`ended ${error?.code ?? packet?.type}`);
  }
}

const publish = (topicName: string, packetIdentifier?: number, qos: 0 | 1 | 2 = 1, topicAlias?: number): Packet => ({
  type: PacketType.PUBLISH,
  topicName,
  payload: new Uint8Array(),
  qos: packetIdentifier === undefined ? 0 : qos,
  retain: false,
  dup: false,
  ...(packetIdentifier === undefined ? {} : { packetIdentifier }),
  ...(topicAlias === undefined ? {} : { properties: { topicAlias } }),
});
const entry = (tag: string, qos: 1 | 2, sequence: number): OutboundEntry => ({
  sequence,
  message: { topicName: Uint8Array.of(0x74), payload: new Uint8Array(), properties: undefined, expiresAt: 0 },
  qos,
  retain: false,
  subscriptionIdentifiers: [],
  state: OutboundState.Queued,
  packetIdentifier: 0,
  sent: false,
  commit: 0,
  tag,
});
const types = (packets: readonly Packet[]): number[] => packets.map(({ type }) => type);

describe("connecting", () => {
  test("writes CONNECT and takes nothing but its answer", () => {
    const it = new Recorder();
    expect(types(it.written())).toEqual([PacketType.CONNECT]);
    it.receive(publish("a"));
    expect(it.told).toEqual(["ended BAD_BYTES"]);
    expect(it.written()).toEqual([]);
  });

  test("a refusal ends it, and so does silence", () => {
    expect(new Recorder().receive({ type: PacketType.CONNACK, sessionPresent: false, reasonCode: 0x87 }).told).toEqual(["ended 2"]);
    const silent = new Recorder();
    expect(silent.connection.deadline).toBe(5000);
    silent.connection.tick(5000, true);
    expect(silent.told).toEqual(["ended SILENT"]);
  });

  test("a session after Clean Start is a fault of the server", () => {
    const it = new Recorder({ cleanStart: true }).receive(CONNACK);
    expect(it.told).toEqual(["ended SP_VIOLATION"]);
  });

  test("[MQTT-3.2.2-5] a server that lost the session gets QoS 1 as new, and QoS 2 that has left is handed back", () => {
    const it = new Recorder({}, (session) => {
      for (const [i, tag] of ["first", "second"].entries()) pushQueue(session, entry(tag, 2, i));
      pushQueue(session, entry("third", 1, 2));
    });
    it.receive(CONNACK);
    it.receive({ type: PacketType.PUBREC, packetIdentifier: 1, reasonCode: 0 });
    it.written();
    const again = new Recorder({}, () => undefined);
    it.session.inFlight.forEach((id, state, value) => again.session.inFlight.put(id, state, value));
    again.receive({ type: PacketType.CONNACK, sessionPresent: false, reasonCode: 0 });
    expect(again.told).toEqual(["accepted first second"]);
    expect(again.written().slice(1)).toMatchObject([{ type: PacketType.PUBLISH, qos: 1, packetIdentifier: 1, dup: false }]);
  });
});

describe("open", () => {
  let it: Recorder;
  beforeEach(() => {
    it = new Recorder().receive(CONNACK);
    it.written();
    it.told.length = 0;
  });

  test("acknowledges in order, and waits where it is told to", () => {
    it.answer = 1;
    it.receive(publish("a", 5));
    it.answer = 0;
    it.receive(publish("b", 6, 2));
    expect(it.written()).toEqual([]);
    Object.assign(it, { committed: 1 });
    it.sender.commitMoved();
    expect(it.written()).toMatchObject([
      { type: PacketType.PUBACK, packetIdentifier: 5 },
      { type: PacketType.PUBREC, packetIdentifier: 6 },
    ]);
  });

  test("gives a QoS 2 message once, releases it, and answers a second PUBREL", () => {
    it.receive(publish("a", 7, 2), publish("a", 7, 2));
    const pubrel: Packet = { type: PacketType.PUBREL, packetIdentifier: 7, reasonCode: 0 };
    it.receive(pubrel, pubrel);
    expect(it.told).toEqual(["message a"]);
    expect(it.written()).toMatchObject([
      { type: PacketType.PUBREC },
      { type: PacketType.PUBREC },
      { type: PacketType.PUBCOMP, reasonCode: 0 },
      { type: PacketType.PUBCOMP, reasonCode: 0x92 },
    ]);
  });

  test("a PUBCOMP that does not know the identifier completes the message", () => {
    it.sender.enqueue(entry("x", 2, 1));
    it.receive({ type: PacketType.PUBREC, packetIdentifier: 1, reasonCode: 0 });
    it.receive({ type: PacketType.PUBCOMP, packetIdentifier: 1, reasonCode: 0x92 });
    expect(it.told).toEqual(["done x 0"]);
  });

  test("resolves aliases up to the maximum", () => {
    it.receive(publish("a", undefined, 0, 1), publish("", undefined, 0, 1));
    expect(it.told).toEqual(["message a", "message a"]);
    it.receive(publish("b", undefined, 0, 2));
    expect(it.told.at(-1)).toBe("ended ALIAS");
    expect(it.written()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: 0x94 }]);
  });

  test("more than our Receive Maximum ends it", () => {
    it.answer = 9;
    it.receive(publish("a", 1), publish("a", 2, 2), publish("a", 3));
    expect(it.told.at(-1)).toBe("ended RECEIVE_MAX");
  });

  test("SUBACK and UNSUBACK answer what was asked, with as many codes", () => {
    const filter = { topicFilter: "a", qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
    const id = it.connection.subscribe([filter]);
    it.receive({ type: PacketType.SUBACK, packetIdentifier: id, reasonCodes: [0] });
    const other = it.connection.unsubscribe(["a"]);
    it.receive({ type: PacketType.UNSUBACK, packetIdentifier: other, reasonCodes: [0] });
    expect(it.told).toEqual(["subscribed", "unsubscribed"]);
    expect(it.session.inFlight.count).toBe(0);
    const last = it.connection.subscribe([filter]);
    it.receive({ type: PacketType.SUBACK, packetIdentifier: last, reasonCodes: [0, 0] });
    expect(it.told.at(-1)).toBe("ended PROTOCOL_ERROR");
  });

  test("pings before the Keep Alive is over and takes any packet as an answer", () => {
    expect(it.connection.deadline).toBe(9000);
    it.connection.tick(9000, true);
    expect(types(it.written())).toEqual([PacketType.PINGREQ]);
    expect(it.connection.deadline).toBe(14_000);
    it.connection.sent(9000);
    it.connection.receive(encodeToBytes(publish("a"), 5), 10_000);
    expect(it.connection.deadline).toBe(18_000);
    it.connection.tick(18_000, true);
    it.connection.tick(23_000, true);
    expect(it.told.at(-1)).toBe("ended PING_TIMEOUT");
  });

  test("says goodbye and is silent after it", () => {
    it.connection.disconnect(0x04);
    it.receive(publish("a"));
    expect(it.told).toEqual([]);
    expect(it.written()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: 4 }]);
  });

  test("the server's DISCONNECT ends it; before 5.0 there is none", () => {
    it.receive({ type: PacketType.DISCONNECT, reasonCode: 0x8b });
    expect(it.told).toEqual(["ended 14"]);
    const old = new Recorder({ protocolVersion: 4 }).receive({ type: PacketType.CONNACK, sessionPresent: false, reasonCode: 0 });
    old.receive({ type: PacketType.DISCONNECT, reasonCode: 0 });
    expect(old.told.at(-1)).toBe("ended PROTOCOL_ERROR");
  });

  test("AUTH without a method is a fault of the server", () => {
    it.receive({ type: PacketType.AUTH, reasonCode: 0x18 });
    expect(it.told).toEqual(["ended PROTOCOL_ERROR"]);
  });
});
