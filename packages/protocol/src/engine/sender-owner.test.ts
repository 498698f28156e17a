import { packetsIn } from "@bowline/testkit/engine";
import { describe, expect, test } from "vitest";
import { type OutboundEntry, OutboundState } from "../flow/message.ts";
import { encodeToBytes } from "../packet/encode.ts";
import { PacketType } from "../packet/packet-type.ts";
import type { Packet, QoS } from "../packet/packets.ts";
import { parsePublish } from "../packet/publish.ts";
import { PublishOffsets } from "../packet/publish-offsets.ts";
import { PublishSource } from "../packet/write-publish.ts";
import { SessionState } from "../session/session-state.ts";
import { DROPPED_EXPIRED, DROPPED_TOO_LARGE, fillFromOffsets, NO_LIMIT, Sender, type SenderOwner } from "./sender.ts";

const PINGREQ: Packet = { type: PacketType.PINGREQ };
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** What a Sender asks of its owner, counted: when it wants to be flushed, what it waits for, what it hands over. */
class Owner implements SenderOwner {
  readonly sender: Sender = new Sender(this);
  readonly state: SessionState = new SessionState();
  readonly writes: Uint8Array[] = [];
  readonly done: (readonly [sequence: number, outcome: number])[] = [];
  committed = 0;
  scheduled = 0;
  awaited = 0;
  nextCommit = 0;
  now = 0;

  constructor(version: 4 | 5 = 5) {
    this.sender.version = version;
  }
  open(receiveMaximum = 10): this {
    this.sender.open(this.state, receiveMaximum);
    return this;
  }
  commit(n: number): void {
    this.committed = n;
    this.awaited = 0;
    this.sender.commitMoved();
  }
  take(): Packet[] {
    this.sender.flush();
    return packetsIn(this.writes.splice(0), this.sender.version);
  }
  entry(qos: QoS, changes: Partial<OutboundEntry> & { size?: number; expiresAt?: number } = {}): OutboundEntry {
    const { size = 1, expiresAt = 0, ...rest } = changes;
    return {
      sequence: this.state.nextSequence++,
      message: { topicName: text("t"), payload: new Uint8Array(size), properties: undefined, expiresAt },
      qos,
      retain: false,
      subscriptionIdentifiers: [],
      state: OutboundState.Queued,
      packetIdentifier: 0,
      sent: false,
      commit: 0,
      tag: undefined,
      ...rest,
    };
  }
  source(size: number): PublishSource {
    const source = new PublishSource();
    source.topic.set(text("t"), 0, 1);
    source.payload.set(new Uint8Array(size), 0, size);
    return source;
  }

  write(bytes: Uint8Array): boolean {
    this.writes.push(bytes.slice());
    return true;
  }
  schedule(): void {
    this.scheduled++;
  }
  awaitCommit(): void {
    this.awaited++;
  }
  entryMoved(): number {
    return this.nextCommit;
  }
  entryDone(entry: OutboundEntry, outcome: number): void {
    this.done.push([entry.sequence, outcome]);
  }
  wallTime(): number {
    return this.now;
  }
}

describe("a batch", () => {
  const ways: readonly (readonly [string, (owner: Owner) => void])[] = [
    ["packet", (owner) => owner.sender.packet(PINGREQ)],
    ["acknowledge", (owner) => owner.sender.acknowledge(PacketType.PUBACK, 1, 0)],
    ["publishAtMostOnce", (owner) => owner.sender.publishAtMostOnce(owner.source(3), false)],
    ["publishRun", (owner) => owner.sender.publishRun(Uint8Array.of(0x30, 3, 0, 1, 0x74), 0, 5)],
  ];

  test.each(ways)("asks once to be flushed, by %s, and again after the flush", (_way, write) => {
    const owner = new Owner(4).open();
    write(owner);
    write(owner);
    expect(owner.scheduled).toBe(1);
    expect(owner.take()).toHaveLength(2);
    write(owner);
    expect(owner.scheduled).toBe(2);
    expect(owner.take()).toHaveLength(1);
  });

  test("with nothing in it hands nothing over", () => {
    const owner = new Owner().open();
    owner.sender.flush();
    expect(owner.writes).toEqual([]);
  });

  test("is handed over before it would exceed 64 KiB, whatever fills it", () => {
    const owner = new Owner(4).open();
    for (let i = 0; i < 5; i++) owner.sender.publishAtMostOnce(owner.source(30_000), false);
    const run = encodeToBytes(publish(0, 30_000), 4);
    for (let i = 0; i < 5; i++) owner.sender.publishRun(run, 0, run.length);
    owner.sender.flush();
    expect(owner.writes.map((bytes) => bytes.length > 60_000 && bytes.length <= 65_600)).toEqual([true, true, true, true, true]);
    expect(owner.take()).toHaveLength(10);
  });

  test("a message that alone is larger than that goes in one piece, with nothing before it", () => {
    const owner = new Owner(4).open();
    owner.sender.publishAtMostOnce(owner.source(100_000), false);
    const run = encodeToBytes(publish(0, 100_000), 4);
    owner.sender.publishRun(run, 0, run.length);
    owner.sender.flush();
    expect(owner.writes.map(({ length }) => length > 100_000)).toEqual([true, true]);
  });

  test("of small packets is handed over when it is full", () => {
    const owner = new Owner().open();
    for (let i = 0; i < 40_000; i++) owner.sender.packet(PINGREQ);
    expect(owner.writes.map(({ length }) => length)).toEqual([65_536]);
    expect(owner.scheduled).toBe(2);
  });
});

describe("the size of a packet", () => {
  const goodbye = { type: PacketType.DISCONNECT, reasonCode: 4, properties: { reasonString: "so" } } as const;

  test("[MQTT-3.2.2-15] is its own, whatever stands before it in the batch", () => {
    const owner = new Owner();
    owner.sender.maximumPacketSize = encodeToBytes(goodbye, 5).length;
    owner.sender.packet(PINGREQ);
    expect(owner.sender.packet(goodbye)).toBe(true);
    expect(owner.take()).toEqual([PINGREQ, goodbye]);
    owner.sender.maximumPacketSize--;
    owner.sender.packet(PINGREQ);
    expect(owner.sender.packet(goodbye)).toBe(true);
    expect(owner.take()).toEqual([PINGREQ, { ...goodbye, properties: undefined }]);
  });

  test("of a run is what lies between its ends", () => {
    const owner = new Owner(4).open();
    const one = encodeToBytes(publish(0, 30_000), 4);
    const around = new Uint8Array(one.length + 60_000);
    around.set(one, 60_000);
    for (let i = 0; i < 2; i++) owner.sender.publishRun(around, 60_000, around.length);
    expect(owner.writes).toEqual([]);
    expect(owner.take()).toEqual([publish(0, 30_000), publish(0, 30_000)]);
  });
});

describe("what waits for a commit", () => {
  test("asks for it, and again while anything waits; then no more", () => {
    const owner = new Owner().open();
    owner.sender.acknowledgeAfter(PacketType.PUBACK, 1, 0, 3);
    owner.sender.acknowledgeAfter(PacketType.PUBACK, 2, 0, 0);
    expect(owner.awaited).toBe(2);
    expect(owner.sender.pendingPubacks).toBe(2);
    owner.commit(2);
    expect(owner.take()).toEqual([]);
    expect(owner.awaited).toBe(1);
    owner.commit(3);
    expect(owner.take()).toMatchObject([{ packetIdentifier: 1 }, { packetIdentifier: 2 }]);
    expect([owner.awaited, owner.sender.pendingPubacks]).toEqual([0, 0]);
  });

  test("may get its number later, and another Reason Code", () => {
    const owner = new Owner().open();
    owner.sender.numberAcknowledgements(1);
    owner.sender.recodeAcknowledgement(1, 0x87);
    owner.sender.acknowledgeAfter(PacketType.PUBACK, 1, 0, Number.POSITIVE_INFINITY);
    owner.commit(4);
    expect(owner.take()).toEqual([]);
    owner.sender.numberAcknowledgements(5);
    owner.sender.recodeAcknowledgement(5, 0x87);
    owner.commit(5);
    expect(owner.take()).toEqual([{ type: PacketType.PUBACK, packetIdentifier: 1, reasonCode: 0x87 }]);
  });

  test("a message of a session that ends with its connection waits in the queue, and asks", () => {
    const owner = new Owner().open();
    owner.sender.enqueue(owner.entry(1, { commit: 2 }));
    expect([owner.take(), owner.state.queue.length, owner.awaited]).toEqual([[], 1, 1]);
    owner.commit(1);
    expect([owner.take(), owner.awaited]).toEqual([[], 1]);
    owner.commit(2);
    expect(owner.take()).toMatchObject([{ type: PacketType.PUBLISH, packetIdentifier: 1 }]);
    expect(owner.awaited).toBe(0);
  });

  test("what is kept already asks for nothing, although it must queue", () => {
    const owner = new Owner().open(1);
    owner.sender.enqueue(owner.entry(1));
    owner.sender.enqueue(owner.entry(1));
    expect([owner.state.queue.length, owner.awaited]).toEqual([1, 0]);
  });

  test("QoS 0 waits for its own commit in a session that survives too; QoS 1 for that of its identifier", () => {
    const owner = new Owner();
    owner.state.survives = true;
    owner.open();
    owner.nextCommit = 9;
    owner.sender.enqueue(owner.entry(1, { commit: 7 }));
    expect([owner.take(), owner.state.queue.length, owner.state.inFlight.count]).toEqual([[], 0, 1]);
    owner.sender.enqueue(owner.entry(0, { commit: 8 }));
    expect(owner.state.queue.length).toBe(1);
    owner.commit(8);
    expect(owner.take()).toMatchObject([{ qos: 0 }]);
    expect(owner.awaited).toBe(1);
    owner.commit(9);
    expect(owner.take()).toMatchObject([{ qos: 1, packetIdentifier: 1 }]);
    expect(owner.awaited).toBe(0);
  });

  test("what needs no commit does not overtake what waits for one", () => {
    const owner = new Owner();
    owner.state.survives = true;
    owner.open();
    owner.nextCommit = 5;
    owner.sender.enqueue(owner.entry(1));
    owner.nextCommit = 0;
    owner.sender.enqueue(owner.entry(1));
    expect(owner.take()).toEqual([]);
    expect(owner.awaited).toBe(2);
    owner.commit(5);
    expect(owner.take()).toMatchObject([{ packetIdentifier: 1 }, { packetIdentifier: 2 }]);
  });

  test("[MQTT-4.3.3-4] a PUBREL waits for the commit of its PUBREC, also when that comes again", () => {
    const owner = new Owner();
    owner.state.survives = true;
    owner.open();
    owner.sender.enqueue(owner.entry(2));
    owner.take();
    owner.nextCommit = 4;
    expect(owner.sender.pubrec(1, 0)).toBe(true);
    expect(owner.sender.pubrec(1, 0)).toBe(true);
    expect(owner.take()).toEqual([]);
    owner.commit(4);
    expect(owner.sender.pubrec(1, 0)).toBe(true);
    expect(owner.take()).toMatchObject([{ type: PacketType.PUBREL }, { type: PacketType.PUBREL }]);
    expect(owner.sender.pubcomp(1, 0)).toBe(true);
    expect(owner.done).toEqual([[1, 0]]);
  });
});

describe("a message that is not remembered", () => {
  test("QoS 1 waits for PUBACK alone, QoS 2 for PUBREC and PUBCOMP", () => {
    const owner = new Owner().open(2);
    owner.sender.publishTransient(owner.source(1), 1, false);
    owner.sender.publishTransient(owner.source(1), 2, true);
    expect(owner.sender.ready).toBe(false);
    expect(owner.take()).toMatchObject([
      { qos: 1, packetIdentifier: 1, retain: false },
      { qos: 2, packetIdentifier: 2, retain: true },
    ]);
    expect([owner.sender.pubrec(1, 0), owner.sender.puback(2, 0), owner.sender.pubcomp(2, 0)]).toEqual([false, false, false]);
    expect([owner.sender.puback(1, 0), owner.sender.pubrec(2, 0)]).toEqual([true, true]);
    expect(owner.take()).toEqual([{ type: PacketType.PUBREL, packetIdentifier: 2, reasonCode: 0 }]);
    expect(owner.sender.pubcomp(2, 0)).toBe(true);
    expect([owner.state.inFlight.count, owner.sender.ready, owner.done]).toEqual([0, true, []]);
  });

  test("[MQTT-3.1.2-25] one that is too large counts as sent: neither identifier nor quota is used", () => {
    const owner = new Owner();
    owner.sender.maximumPacketSize = 20;
    owner.open(1);
    expect(owner.sender.publishTransient(owner.source(50), 1, false)).toBe(false);
    expect([owner.state.inFlight.count, owner.sender.ready]).toEqual([0, true]);
    expect(owner.sender.publishTransient(owner.source(1), 1, false)).toBe(true);
    expect(owner.sender.ready).toBe(false);
    expect(owner.take()).toHaveLength(1);
  });

  test("whose connection ended leaves nothing behind for the next one", () => {
    const owner = new Owner().open();
    owner.sender.publishTransient(owner.source(1), 1, false);
    const next = new Sender(owner);
    next.open(owner.state, 5);
    expect(owner.state.inFlight.count).toBe(0);
    expect(next.ready).toBe(true);
  });
});

describe("what is told of a message", () => {
  test("0 for QoS 0 that left, -1 where it expired, -2 where it was too large", () => {
    const owner = new Owner();
    owner.sender.maximumPacketSize = 30;
    owner.now = 1000;
    owner.open();
    owner.sender.enqueue(owner.entry(0));
    owner.sender.enqueue(owner.entry(0, { expiresAt: 1000 }));
    owner.sender.enqueue(owner.entry(0, { size: 100 }));
    owner.sender.enqueue(owner.entry(1, { size: 100 }));
    owner.sender.enqueue(owner.entry(2, { expiresAt: 999 }));
    expect(owner.done).toEqual([
      [1, 0],
      [2, DROPPED_EXPIRED],
      [3, DROPPED_TOO_LARGE],
      [4, DROPPED_TOO_LARGE],
      [5, DROPPED_EXPIRED],
    ]);
    expect([DROPPED_EXPIRED, DROPPED_TOO_LARGE]).toEqual([-1, -2]);
    expect(owner.take()).toHaveLength(1);
    expect([owner.state.inFlight.count, owner.sender.ready]).toEqual([0, true]);
  });

  test("[MQTT-3.3.2-6] the interval that is left, in whole seconds and at least one; none where it never expires", () => {
    const owner = new Owner().open();
    owner.now = 1000;
    for (const expiresAt of [1001, 2000, 2001, 0]) owner.sender.enqueue(owner.entry(0, { expiresAt }));
    const intervals = owner.take().map((packet) => (packet.type === PacketType.PUBLISH ? packet.properties : undefined));
    expect(intervals.map((properties) => properties?.messageExpiryInterval)).toEqual([1, 1, 2, undefined]);
  });

  test("the largest packet of the protocol is no limit", () => {
    expect(NO_LIMIT).toBe(268_435_455 + 5);
  });
});

describe("what an earlier connection left", () => {
  test("[MQTT-4.4.0-1] [MQTT-4.6.0-1] goes again in the order in which it was accepted, whatever its identifiers are", () => {
    const owner = new Owner();
    owner.state.survives = true;
    for (const [id, sequence] of [
      [3, 30],
      [20, 10],
      [7, 20],
    ] as const) {
      const entry = owner.entry(1, { sequence, packetIdentifier: id, sent: true, state: OutboundState.AwaitingPuback });
      owner.state.inFlight.put(id, OutboundState.AwaitingPuback, entry);
    }
    owner.open();
    expect(owner.take()).toMatchObject([
      { packetIdentifier: 20, dup: true },
      { packetIdentifier: 7, dup: true },
      { packetIdentifier: 3, dup: true },
    ]);
  });

  test("a PUBREL waits for no place within the Receive Maximum, and what expired meanwhile is told", () => {
    const owner = new Owner();
    owner.state.survives = true;
    owner.now = 5000;
    const left = (id: number, state: OutboundState, changes = {}): void => {
      owner.state.inFlight.put(id, state, owner.entry(2, { packetIdentifier: id, sent: true, state, ...changes }));
    };
    left(1, OutboundState.AwaitingPubrec);
    left(2, OutboundState.AwaitingPubcomp, { message: undefined });
    left(3, OutboundState.AwaitingPubrec, { sent: false, expiresAt: 4000 });
    owner.open(1);
    expect(owner.take()).toMatchObject([
      { type: PacketType.PUBLISH, packetIdentifier: 1 },
      { type: PacketType.PUBREL, packetIdentifier: 2 },
    ]);
    for (const id of [1, 2]) {
      owner.sender.pubrec(id, 0);
      owner.sender.pubcomp(id, 0);
    }
    expect(owner.done).toEqual([
      [1, 0],
      [2, 0],
      [3, DROPPED_EXPIRED],
    ]);
    expect(owner.state.inFlight.count).toBe(0);
  });

  test("what comes meanwhile waits behind it, though the quota would have room for neither", () => {
    const owner = new Owner();
    owner.state.survives = true;
    for (const id of [1, 2]) {
      const entry = owner.entry(1, { packetIdentifier: id, sent: true, state: OutboundState.AwaitingPuback });
      owner.state.inFlight.put(id, OutboundState.AwaitingPuback, entry);
    }
    owner.open(1);
    expect(owner.sender.ready).toBe(false);
    owner.sender.enqueue(owner.entry(0));
    expect(owner.take()).toMatchObject([{ packetIdentifier: 1 }]);
    owner.sender.puback(1, 0);
    expect(owner.take()).toMatchObject([{ packetIdentifier: 2 }, { qos: 0 }]);
  });
});

describe("an acknowledgement", () => {
  const waits = (type: number): Record<string, boolean> => {
    const { sender, state } = new Owner().open();
    const at = {
      free: 0,
      puback: OutboundState.AwaitingPuback,
      pubrec: OutboundState.AwaitingPubrec,
      pubcomp: OutboundState.AwaitingPubcomp,
    };
    return Object.fromEntries(
      Object.entries(at).map(([name, wanted], index) => {
        if (wanted !== 0) state.inFlight.put(index + 1, wanted, undefined);
        return [name, sender.waitsForOther(type, index + 1)];
      }),
    );
  };

  test("of the wrong kind is told from one that nobody waits for, and from one that came twice", () => {
    expect(waits(PacketType.PUBACK)).toEqual({ free: false, puback: false, pubrec: true, pubcomp: true });
    expect(waits(PacketType.PUBREC)).toEqual({ free: false, puback: true, pubrec: false, pubcomp: false });
    expect(waits(PacketType.PUBCOMP)).toEqual({ free: false, puback: true, pubrec: true, pubcomp: false });
  });

  test("[MQTT-3.3.4-9] never makes more room than the Receive Maximum", () => {
    const owner = new Owner().open(1);
    owner.sender.enqueue(owner.entry(1));
    expect([owner.sender.puback(1, 0), owner.sender.puback(1, 0), owner.sender.pubcomp(1, 0)]).toEqual([true, false, false]);
    for (let i = 0; i < 2; i++) owner.sender.enqueue(owner.entry(1));
    expect(owner.take()).toHaveLength(2);
    expect(owner.state.queue.length).toBe(1);
  });

  test("of a message that has not left yet counts for nothing", () => {
    const owner = new Owner();
    owner.state.survives = true;
    owner.open();
    owner.nextCommit = 2;
    owner.sender.enqueue(owner.entry(1));
    expect(owner.sender.puback(1, 0)).toBe(false);
    owner.commit(2);
    expect(owner.sender.puback(1, 0)).toBe(true);
  });
});

test("[MQTT-3.3.2-20] the properties of a message go with it", () => {
  const owner = new Owner().open();
  const message = { topicName: text("t"), payload: text("p"), properties: Uint8Array.of(0x03, 0, 1, 0x78), expiresAt: 0 };
  owner.sender.enqueue(owner.entry(0, { message }));
  expect(owner.take()).toMatchObject([{ properties: { contentType: "x" } }]);
});

test("[MQTT-3.3.2-11] a Topic Alias that is in use is the last to be given to another topic", () => {
  const owner = new Owner();
  owner.sender.open(owner.state, 10, { maximum: 2, policy: "always" });
  for (const topic of ["first", "second", "first", "third", "first"]) {
    owner.sender.enqueue(
      owner.entry(0, { message: { topicName: text(topic), payload: text("p"), properties: undefined, expiresAt: 0 } }),
    );
  }
  const sent = owner
    .take()
    .map((packet) => packet.type === PacketType.PUBLISH && [packet.topicName, packet.properties?.topicAlias]);
  expect(sent).toEqual([
    ["first", 1],
    ["second", 2],
    ["", 1],
    ["third", 2],
    ["", 1],
  ]);
});

test("before it is opened a Sender sends packets and no messages", () => {
  const owner = new Owner();
  owner.sender.pump();
  owner.sender.commitMoved();
  expect(owner.sender.ready).toBe(false);
  owner.sender.packet(PINGREQ);
  expect(owner.take()).toEqual([PINGREQ]);
});

test("a source that was filled from a received PUBLISH says the same message", () => {
  const properties = { contentType: "text/plain", userProperties: [["a", "b"] as const] };
  const bytes = encodeToBytes({ ...publish(0, 3), properties }, 5);
  const offsets = new PublishOffsets();
  expect(parsePublish(bytes, 0, 2, bytes.length, 5, offsets)).toBe(0);
  const owner = new Owner().open();
  const source = owner.source(1);
  source.messageExpiryInterval = 77;
  source.topicAlias = 5;
  fillFromOffsets(source, bytes, offsets);
  owner.sender.publishAtMostOnce(source, false);
  expect(owner.take()).toEqual([{ ...publish(0, 3), properties }]);
});

function publish(qos: 0, size: number): Packet & { type: 3 } {
  return { type: PacketType.PUBLISH, topicName: "a/b", payload: new Uint8Array(size), qos, retain: false, dup: false };
}
