import { isDeepStrictEqual } from "node:util";
import { decodePacket, encodeToBytes, MqttError, type Packet, PacketType, type ProtocolVersion } from "@bowline/protocol";
import { connackReason, serverDisconnectReason, FrameDecoder, type FrameHandler } from "@bowline/protocol/internal";
import { mutate, mutationBuffer } from "./mutate.ts";
import { Random } from "./random.ts";
import { seedsOf } from "./seeds.ts";

/** What a run met; a run that returns found nothing. */
export interface DecoderReport {
  seed: number;
  inputs: number;
  /** Packets that were decoded, encoded again and decoded to the same. */
  packets: number;
  /** Packets and byte streams that were refused with a Reason Code. */
  refused: number;
  /** Packets that are taken from a peer and not sent: what old peers do, and Topic Filters that a SUBACK answers. */
  receivedOnly: number;
}

/** Longest time for one input in ms: a few hundred bytes need microseconds, so this is a hang. */
const HANG_MS = 2_000;
const versions: readonly ProtocolVersion[] = [3, 4, 5];
const seeds: ReadonlyMap<ProtocolVersion, readonly Uint8Array[]> = new Map(versions.map((version) => [version, seedsOf(version)]));

/**
 * Feeds mutated and random byte strings to the frame decoder and the packet decoder, for all versions and cut at random.
 *
 * @param seed Seed of the run; with an input's number it repeats that input.
 * @param first Number of the first input.
 * @param count Inputs to run.
 * @param progress Called with each input's number before it runs.
 * @throws Error naming seed, input and bytes, for any exception but a refusal, a hang, or a packet that does not survive encoding.
 */
export function fuzzDecoder(seed: number, first: number, count: number, progress?: (input: number) => void): DecoderReport {
  const report: DecoderReport = { seed, inputs: count, packets: 0, refused: 0, receivedOnly: 0 };
  const buffer = mutationBuffer();
  for (let input = first; input < first + count; input++) {
    progress?.(input);
    const random = new Random(seed, input);
    const version = versions[random.below(3)]!;
    const bytes = mutate(random, seeds.get(version)!, buffer);
    const started = performance.now();
    try {
      run(bytes, version, random, report);
    } catch (cause) {
      throw new Error(`seed ${seed}, input ${input}, version ${version}: ${Buffer.from(bytes).toString("hex")}`, { cause });
    }
    if (performance.now() - started > HANG_MS)
      throw new Error(`seed ${seed}, input ${input} took ${performance.now() - started} ms`);
  }
  return report;
}

function run(bytes: Uint8Array, version: ProtocolVersion, random: Random, report: DecoderReport): void {
  const whole = new Collector(version, report);
  new FrameDecoder(whole, 100_000).push(bytes);
  // Cut at random, through a buffer that is overwritten: the same frames, the same end.
  const cut = new Counter();
  const decoder = new FrameDecoder(cut, 100_000);
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + random.below(bytes.length - at);
    decoder.push(bytes.slice(at, at + size));
    at += size;
  }
  if (cut.frames !== whole.frames || cut.sum !== whole.sum || cut.faults !== whole.faults) {
    throw new Error(
      `${cut.frames} frames, ${cut.faults} faults when cut; ${whole.frames} frames, ${whole.faults} faults when whole`,
    );
  }
}

/** Counts and sums up what it is handed, so that two walks can be compared. */
class Counter implements FrameHandler {
  frames = 0;
  sum = 0;
  faults = 0;

  frame(chunk: Uint8Array, start: number, bodyStart: number, end: number): boolean {
    this.frames++;
    let { sum } = this;
    for (let at = start; at < end; at++) sum = (Math.imul(sum, 31) + chunk[at]!) | 0;
    this.sum = Math.imul(sum, 31) + (bodyStart - start);
    return true;
  }

  malformed(reasonCode: number): void {
    this.faults = this.faults * 256 + reasonCode;
  }
}

class Collector extends Counter {
  private readonly version: ProtocolVersion;
  private readonly report: DecoderReport;

  constructor(version: ProtocolVersion, report: DecoderReport) {
    super();
    this.version = version;
    this.report = report;
  }

  override frame(chunk: Uint8Array, start: number, bodyStart: number, end: number): boolean {
    super.frame(chunk, start, bodyStart, end);
    try {
      checkSurvives(decodePacket(chunk, start, bodyStart, end, this.version), this.version, this.report);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.report.refused++;
    }
    return true;
  }

  override malformed(reasonCode: number): void {
    super.malformed(reasonCode);
    this.report.refused++;
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof MqttError && error.source === "peer" && error.reasonCode !== undefined && error.reasonCode >= 0x80;
}

/** What was decoded must be encodable and decode to the same, unless it is only taken and never sent. */
function checkSurvives(packet: Packet, version: ProtocolVersion, report: DecoderReport): void {
  if (!isSendable(packet, version)) {
    report.receivedOnly++;
    return;
  }
  let encoded: Uint8Array;
  try {
    encoded = encodeToBytes(packet, version);
  } catch (error) {
    if (!(error instanceof MqttError) || error.source !== "usage") throw error;
    report.receivedOnly++;
    return;
  }
  const again = decodeAlone(encoded, version);
  if (!isDeepStrictEqual(again, packet)) throw new Error(`${JSON.stringify(packet)} came back as ${JSON.stringify(again)}`);
  report.packets++;
}

/** Codes of CONNACK and DISCONNECT that no side may send are taken, since they say something, and sent as the nearest that may be. */
function isSendable(packet: Packet, version: ProtocolVersion): boolean {
  const { type } = packet;
  if (type === PacketType.CONNACK) {
    if (version === 5) return connackReason(packet.reasonCode) === packet.reasonCode;
    // A return code that is a Reason Code of 5.0 is told as it came, and not written.
    return packet.returnCode === undefined && sendable.has(packet.reasonCode);
  }
  return (
    type !== PacketType.DISCONNECT || packet.reasonCode < 0x80 || serverDisconnectReason(packet.reasonCode) === packet.reasonCode
  );
}

/** Reason Codes of CONNACK that MQTT 3.1.1 has a return code for. */
const sendable: ReadonlySet<number> = new Set([0, 0x84, 0x85, 0x86, 0x87, 0x88]);

function decodeAlone(encoded: Uint8Array, version: ProtocolVersion): Packet | undefined {
  let packet: Packet | undefined;
  const handler: FrameHandler = {
    frame(chunk, start, bodyStart, end) {
      packet = decodePacket(chunk, start, bodyStart, end, version);
      return true;
    },
    malformed() {},
  };
  new FrameDecoder(handler, 1_000_000).push(encoded);
  return packet;
}
