import { type Packet, PacketType, type PublishPacket } from "@bowline/protocol";
import { encodeToBytes, type TracedPacket } from "@bowline/protocol/internal";
import { BrokerWorld, publishOf } from "@bowline/testkit/broker";
import { seededRandom } from "@bowline/testkit/virtual";
import { expect, test } from "vitest";
import type { Trace } from "./trace.ts";

/*
 * A client sends packets in chunks that are cut anywhere, another one gets what it publishes, and a trace begins and ends at random
 * moments in between, also in the middle of a packet.
 *
 * Invariants: the trace shows exactly the packets whose last byte came while it ran; the client that is traced and the one it writes to
 * notice nothing.
 */

const SEEDS = 150;
const PACKETS = 25;

test.each(Array.from({ length: SEEDS }, (_, seed) => seed))("seed %i", async (seed) => {
  const random = seededRandom(seed);
  const upTo = (limit: number): number => Math.floor(random() * limit);
  const world = await BrokerWorld.start();
  const sender = await world.client(5, { clientIdentifier: "sender" });
  const receiver = await world.client(5, { clientIdentifier: "receiver" });
  await receiver.subscribe("#", 0);

  const packets = Array.from({ length: PACKETS }, (_, i) => randomPacket(i, upTo));
  const encoded = packets.map((packet) => encodeToBytes(packet, 5));
  const stream = Buffer.concat(encoded);
  const [from, to] = [upTo(stream.length), upTo(stream.length)].sort((a, b) => a - b) as [number, number];

  let trace: Trace | undefined;
  const request = { tenant: "default", clientIdentifier: "sender" };
  const limits = { seconds: 60, packets: 10_000, payloadBytes: 8 };
  for (let at = 0; at < stream.length; ) {
    // A chunk ends where the trace begins or ends, so that what it must show is known.
    const next = [from, to, stream.length].find((limit) => limit > at) ?? stream.length;
    const end = Math.min(next, at + 1 + upTo(60));
    if (at === from && from < to) trace = world.broker.traces.begin(request, limits);
    if (at === to) trace?.end("stopped");
    sender.channel.write(stream.subarray(at, end));
    await world.settle();
    at = end;
  }
  trace?.end("stopped");

  let end = 0;
  const wanted = packets.filter((_, i) => {
    end += encoded[i]!.length;
    return end > from && end <= to;
  });
  const shown = (await told(trace)).filter(({ direction }) => direction === "in");
  expect(shown.map(inShort)).toEqual(wanted.map(wantedInShort));
  const published = packets.filter((packet) => packet.type === PacketType.PUBLISH);
  expect(await receiver.takeTexts()).toEqual(published.map((packet) => `${packet.topicName}=${textOf(packet)}`));
  expect(sender.isClosed).toBe(false);
});

function randomPacket(number: number, upTo: (limit: number) => number): Packet {
  if (upTo(4) === 0) return { type: PacketType.PINGREQ };
  const size = upTo(3) === 0 ? upTo(400) : upTo(12);
  return publishOf(`t/${number}`, "x".repeat(size), upTo(2) === 0 ? 0 : 1, { packetIdentifier: number + 1 });
}

async function told(trace: Trace | undefined): Promise<TracedPacket[]> {
  const shown: TracedPacket[] = [];
  for (let some = await trace?.next(); some !== undefined; some = await trace?.next()) {
    shown.push(...some.filter((event) => event.kind === "packet"));
  }
  return shown;
}

function inShort({ type, fields, payload }: TracedPacket): string {
  return type === "PUBLISH" ? `${fields?.["topicName"]} ${payload?.bytes}` : type;
}

function wantedInShort(packet: Packet): string {
  return packet.type === PacketType.PUBLISH ? `${packet.topicName} ${packet.payload.length}` : "PINGREQ";
}

function textOf({ payload }: PublishPacket): string {
  return Buffer.from(payload).toString();
}
