import { Writable } from "node:stream";
import type { PublishPacket, QoS } from "@bowline/protocol";
import { decodePacket, encodePublish, FrameDecoder, type FrameHandler, installBytes, OutBuffer } from "@bowline/protocol/internal";
import { parsePublish, PublishOffsets, standardBytes } from "@bowline/protocol/internal";
import mqttPacket, { type IPublishPacket } from "mqtt-packet";

/** One comparison of the codec with mqtt-packet, both in this process and in turns. */
export interface CodecResult {
  readonly name: string;
  /** CPU time (user and system) per packet in ns, the median of the rounds. */
  readonly nsPerPacketOurs: number;
  readonly nsPerPacketTheirs: number;
  /** Theirs divided by ours. */
  readonly ratio: number;
  /** What the ratio must reach. */
  readonly target: number;
}

/** One side of a comparison: handles `PACKETS` packets for each call. */
type Work = () => void | Promise<void>;
interface Comparison {
  readonly name: string;
  readonly target: number;
  readonly ours: Work;
  readonly theirs: Work;
}

const PACKETS = 10_000;
const TOPICS = 100;
const ROUNDS = 9;
const CALLS = 20;
/** What one read of a busy socket brings. */
const CHUNK_SIZE = 65_536;
/** Where a sender hands its batch to the transport: before the out-buffer has to grow beyond 64 KiB. */
const FLUSH_AT = 65_000;

/**
 * Compares parsing to offsets, parsing to packet objects and encoding with mqtt-packet: 64-byte payloads, 100 rotating topics,
 * MQTT 3.1.1, QoS 0 and 1, Buffer's byte functions as in the broker and the Node client.
 *
 * @param rounds Turns of each side; a round takes about 2 s in all.
 * @param calls Of each side in a turn.
 */
export async function benchCodec(rounds: number = ROUNDS, calls: number = CALLS): Promise<CodecResult[]> {
  installBufferBytes();
  try {
    const results: CodecResult[] = [];
    for (const qos of [0, 1] as const)
      for (const comparison of comparisons(qos)) results.push(await compare(comparison, rounds, calls));
    return results;
  } finally {
    installBytes(standardBytes);
  }
}

function comparisons(qos: QoS): Comparison[] {
  const packets = publishPackets(qos);
  const chunks = chunksOf(packets);
  const theirs = theirParser(chunks);
  return [
    { name: `parse to offsets, QoS ${qos}`, target: 8, ours: offsetParser(chunks), theirs },
    { name: `parse to a packet object, QoS ${qos}`, target: 5, ours: objectParser(chunks), theirs },
    { name: `encode, QoS ${qos}`, target: 4, ours: ourEncoder(packets), theirs: theirEncoder(packets) },
  ];
}

function publishPackets(qos: QoS): PublishPacket[] {
  return Array.from({ length: PACKETS }, (_, index) => ({
    type: 3 as const,
    topicName: `plant/7/sensor/${String(index % TOPICS).padStart(2, "0")}/t`,
    payload: Buffer.alloc(64, index & 0xff),
    qos,
    retain: false,
    dup: false,
    ...(qos === 0 ? {} : { packetIdentifier: (index % 65_535) + 1 }),
  }));
}

function chunksOf(packets: readonly PublishPacket[]): Buffer[] {
  const out = new OutBuffer();
  for (const packet of packets) encodePublish(out, packet, 4);
  const all = Buffer.from(out.view());
  const chunks: Buffer[] = [];
  for (let at = 0; at < all.length; at += CHUNK_SIZE) chunks.push(all.subarray(at, at + CHUNK_SIZE));
  return chunks;
}

/** Parses to offsets; every topic is validated, as if none had been seen before. */
function offsetParser(chunks: readonly Buffer[]): Work {
  const offsets = new PublishOffsets();
  return counting(chunks, (chunk, start, bodyStart, end) => {
    const fault = parsePublish(chunk, start, bodyStart, end, 4, offsets);
    return fault === 0 ? offsets.payloadEnd - offsets.payloadStart : -1;
  });
}

function objectParser(chunks: readonly Buffer[]): Work {
  return counting(chunks, (chunk, start, bodyStart, end) => {
    const packet = decodePacket(chunk, start, bodyStart, end, 4);
    return packet.type === 3 ? packet.payload.length : -1;
  });
}

/** Walks the chunks and checks that each packet's payload has 64 bytes. */
function counting(chunks: readonly Buffer[], payloadSize: (...frame: Parameters<FrameHandler["frame"]>) => number): Work {
  let size = 0;
  const handler: FrameHandler = {
    frame(chunk, start, bodyStart, end) {
      size += payloadSize(chunk, start, bodyStart, end);
      return true;
    },
    malformed(_reasonCode, detail) {
      throw new Error(detail);
    },
  };
  return () => {
    size = 0;
    const decoder = new FrameDecoder(handler, 1_000_000);
    for (const chunk of chunks) decoder.push(chunk);
    if (size !== PACKETS * 64) throw new Error(`parsed ${size} bytes of payload`);
  };
}

function theirParser(chunks: readonly Buffer[]): Work {
  return () => {
    let size = 0;
    const parser = mqttPacket.parser({ protocolVersion: 4 });
    parser.on("packet", (packet) => {
      if (packet.cmd === "publish") size += packet.payload.length;
    });
    for (const chunk of chunks) parser.parse(chunk);
    if (size !== PACKETS * 64) throw new Error(`mqtt-packet parsed ${size} bytes of payload`);
  };
}

function ourEncoder(packets: readonly PublishPacket[]): Work {
  const out = new OutBuffer();
  return () => {
    for (const packet of packets) {
      encodePublish(out, packet, 4);
      if (out.end > FLUSH_AT) out.release(true);
    }
    out.release(true);
  };
}

/** writeToStream as a client calls it: into a stream, which corks until the next tick; 100 packets a turn of the loop. */
function theirEncoder(packets: readonly PublishPacket[]): Work {
  const stream = new Writable({
    highWaterMark: 1_000_000_000,
    writev: (_chunks, done) => done(),
    write: (_chunk, _encoding, done) => done(),
  });
  const theirs = packets.map(({ topicName, payload, qos, retain, dup, packetIdentifier }): IPublishPacket => {
    const packet: IPublishPacket = { cmd: "publish", topic: topicName, payload: payload as Buffer, qos, retain, dup };
    if (packetIdentifier !== undefined) packet.messageId = packetIdentifier;
    return packet;
  });
  return async () => {
    for (const [index, packet] of theirs.entries()) {
      mqttPacket.writeToStream(packet, stream, { protocolVersion: 4 });
      if (index % 100 === 99) await new Promise(setImmediate);
    }
  };
}

async function compare({ name, target, ours, theirs }: Comparison, rounds: number, calls: number): Promise<CodecResult> {
  // Both are compiled before anything counts.
  await cpuPerPacket(ours, calls);
  await cpuPerPacket(theirs, calls);
  const ourTimes: number[] = [];
  const theirTimes: number[] = [];
  for (let round = 0; round < rounds; round++) {
    ourTimes.push(await cpuPerPacket(ours, calls));
    theirTimes.push(await cpuPerPacket(theirs, calls));
  }
  const nsPerPacketOurs = median(ourTimes);
  const nsPerPacketTheirs = median(theirTimes);
  return { name, nsPerPacketOurs, nsPerPacketTheirs, ratio: nsPerPacketTheirs / nsPerPacketOurs, target };
}

async function cpuPerPacket(work: Work, calls: number): Promise<number> {
  const before = process.cpuUsage();
  for (let call = 0; call < calls; call++) await work();
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / (calls * PACKETS);
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** Buffer's byte functions, as the broker and the Node client install them. */
function installBufferBytes(): void {
  // Node's types leave these out.
  const { copy, latin1Slice, utf8Write } = Buffer.prototype as unknown as {
    copy: (this: Uint8Array, target: Uint8Array, targetStart: number, sourceStart: number, sourceEnd: number) => number;
    latin1Slice: (this: Uint8Array, start: number, end: number) => string;
    utf8Write: (this: Uint8Array, text: string, at: number) => number;
  };
  installBytes({
    copy: (source, target, targetStart, sourceStart, sourceEnd) =>
      void copy.call(source, target, targetStart, sourceStart, sourceEnd),
    latin1: (source, start, end) => latin1Slice.call(source, start, end),
    writeUtf8: (target, text, at) => utf8Write.call(target, text, at),
    alloc: (size) => Buffer.allocUnsafeSlow(size),
  });
}
