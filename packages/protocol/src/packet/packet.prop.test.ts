import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MqttError } from "../errors/mqtt-error.ts";
import { type Bytes, installBytes, standardBytes } from "./bytes.ts";
import { decodePacket } from "./decode.ts";
import { encodePacket, encodeToBytes } from "./encode.ts";
import { FrameDecoder } from "./frame-decoder.ts";
import type { FrameHandler } from "./frame-walk.ts";
import { OutBuffer } from "./out-buffer.ts";
import type { Packet, Properties, ProtocolVersion, PublishPacket, Will } from "./packets.ts";
import { type PropertyPlace, type PropertyRow, propertyRows, PropertyType } from "./properties.ts";

/*
 * Invariants, for packets of every type and version:
 * - decode(encode(p)) = p, however the bytes are cut and wherever the walk is stopped;
 * - a packet whose body is cut at any byte is refused by an MqttError or decoded, and nothing past its end is looked at;
 * - what does not decode is refused by an MqttError of source `peer` with a Reason Code, never by another exception.
 */

// fast-check prints seed and path of what fails; this makes a run repeatable from the report alone.
const seed = Number(process.env["FC_SEED"] ?? Date.now() % 2 ** 31);
fc.configureGlobal({ seed, numRuns: 300 });

const { copy, latin1Slice, utf8Write } = Buffer.prototype as unknown as {
  copy: (this: Uint8Array, target: Uint8Array, targetStart: number, sourceStart: number, sourceEnd: number) => number;
  latin1Slice: (this: Uint8Array, start: number, end: number) => string;
  utf8Write: (this: Uint8Array, text: string, at: number) => number;
};
const bufferBytes: Bytes = {
  copy: (source, target, targetStart, sourceStart, sourceEnd) =>
    void copy.call(source, target, targetStart, sourceStart, sourceEnd),
  latin1: (source, start, end) => latin1Slice.call(source, start, end),
  writeUtf8: (target, text, at) => utf8Write.call(target, text, at),
  alloc: (size) => Buffer.allocUnsafeSlow(size),
};

const versions = fc.constantFrom<ProtocolVersion>(3, 4, 5);
// Every code point that may be in a string, the rare ones as likely as ASCII.
const text = fc
  .oneof(fc.string({ maxLength: 60 }), fc.string({ unit: "binary", maxLength: 20 }), fc.constantFrom("\uFEFF", "🐙", "é", "日本"))
  .map((value) => value.replaceAll("\0", "a"));
const topicName = text.map((value) => value.replaceAll(/[+#]/g, "/") || "t");
const topicFilter = text.map((value) => value || "#");
const binary = fc.uint8Array({ maxLength: 300 }).map((value) => Uint8Array.from(value));
const identifier = fc.integer({ min: 1, max: 0xffff });
const qos = fc.constantFrom<0 | 1 | 2>(0, 1, 2);

function valueOf({ name, type, repeats }: PropertyRow): fc.Arbitrary<unknown> {
  const lowest = ["receiveMaximum", "maximumPacketSize", "topicAlias"].includes(name) ? 1 : 0;
  const values: Record<PropertyType, fc.Arbitrary<unknown>> = {
    [PropertyType.Byte]: fc.constantFrom(0, 1),
    [PropertyType.TwoByteInteger]: fc.integer({ min: lowest, max: 0xffff }),
    [PropertyType.FourByteInteger]: fc.integer({ min: lowest, max: 0xffff_ffff }),
    [PropertyType.VariableByteInteger]: fc.integer({ min: 1, max: 268_435_455 }),
    [PropertyType.BinaryData]: binary,
    [PropertyType.Utf8String]: name === "responseTopic" ? topicName : text,
    [PropertyType.Utf8StringPair]: fc.tuple(text, text),
  };
  return repeats ? fc.array(values[type], { minLength: 1, maxLength: 4 }) : values[type];
}

/** Properties that may stand in a place; none before 5.0, and an empty set is no field. */
function properties(version: ProtocolVersion, place: PropertyPlace): fc.Arbitrary<{ properties?: Properties }> {
  if (version !== 5) return fc.constant({});
  const model: Record<string, fc.Arbitrary<unknown>> = {};
  for (const row of propertyRows) if (((row.places >>> place) & 1) === 1) model[row.name] = valueOf(row);
  return fc.record(model, { requiredKeys: [] }).map((bag) => {
    const fields = bag as Properties;
    if (place === 1 && fields.authenticationMethod === undefined) delete fields.authenticationData;
    if (place === 8 && fields.subscriptionIdentifiers !== undefined) fields.subscriptionIdentifiers = [7];
    return Object.keys(fields).length === 0 ? {} : { properties: fields };
  });
}

function optional<Value>(name: string, value: fc.Arbitrary<Value>): fc.Arbitrary<object> {
  return fc.option(value, { nil: undefined }).map((some) => (some === undefined ? {} : { [name]: some }));
}

function merge(...parts: fc.Arbitrary<object>[]): fc.Arbitrary<Packet> {
  return fc.tuple(...parts).map((objects) => Object.assign({}, ...objects) as Packet);
}

function will(version: ProtocolVersion): fc.Arbitrary<Will> {
  return merge(
    fc.record({ topicName, payload: binary, qos, retain: fc.boolean() }),
    properties(version, 0),
  ) as fc.Arbitrary<object> as fc.Arbitrary<Will>;
}

function connect(version: ProtocolVersion): fc.Arbitrary<Packet> {
  const password = optional("password", binary);
  const withName = merge(fc.record({ username: text }), password);
  return merge(
    fc.record({ type: fc.constant(1), protocolVersion: fc.constant(version), cleanStart: fc.boolean() }),
    fc.record({ keepAlive: fc.integer({ min: 0, max: 0xffff }), clientIdentifier: text }),
    fc.oneof(fc.constant({}), withName, version === 5 ? password : withName),
    optional("will", will(version)),
    fc.constantFrom<object>({}, {}, { isBridge: true }),
    properties(version, 1),
  );
}

function connack(version: ProtocolVersion): fc.Arbitrary<Packet> {
  const refusals = version === 5 ? [0x80, 0x81, 0x87, 0x9f] : [0x84, 0x85, 0x86, 0x87, 0x88];
  const accepted = fc.record({ sessionPresent: version === 3 ? fc.constant(false) : fc.boolean(), reasonCode: fc.constant(0) });
  const refused = fc.record({ sessionPresent: fc.constant(false), reasonCode: fc.constantFrom(...refusals) });
  return merge(fc.constant({ type: 2 }), fc.oneof(accepted, refused), properties(version, 2));
}

function publish(version: ProtocolVersion): fc.Arbitrary<Packet> {
  const fields = fc.record({
    topicName,
    payload: binary,
    qos,
    retain: fc.boolean(),
    dup: fc.boolean(),
    packetIdentifier: identifier,
  });
  return merge(fc.constant({ type: 3 }), fields, properties(version, 3)).map((merged) => {
    const packet = merged as PublishPacket;
    if (packet.qos === 0) {
      packet.dup = false;
      delete packet.packetIdentifier;
    }
    if (packet.properties?.topicAlias !== undefined && packet.properties.topicAlias % 2 === 0) packet.topicName = "";
    return packet;
  });
}

function acknowledgement(version: ProtocolVersion, type: 4 | 5 | 6 | 7): fc.Arbitrary<Packet> {
  const codes = type < 6 ? [0, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99] : [0, 0x92];
  const reasonCode = version === 5 ? fc.constantFrom(...codes) : fc.constant(0);
  return merge(fc.record({ type: fc.constant(type), packetIdentifier: identifier, reasonCode }), properties(version, type));
}

function subscribe(version: ProtocolVersion): fc.Arbitrary<Packet> {
  const options =
    version === 5
      ? fc.record({ noLocal: fc.boolean(), retainAsPublished: fc.boolean(), retainHandling: fc.constantFrom(0, 1, 2) })
      : fc.constant({ noLocal: false, retainAsPublished: false, retainHandling: 0 });
  const subscription = merge(fc.record({ topicFilter, qos }), options) as fc.Arbitrary<object>;
  const subscriptions = fc.array(subscription, { minLength: 1, maxLength: 5 });
  return merge(fc.record({ type: fc.constant(8), packetIdentifier: identifier, subscriptions }), properties(version, 8));
}

function others(version: ProtocolVersion): fc.Arbitrary<Packet>[] {
  const codes = (...values: number[]) => fc.array(fc.constantFrom(...values), { minLength: 1, maxLength: 9 });
  const suback = version === 5 ? codes(0, 1, 2, 0x80, 0x8f, 0xa2) : codes(0, 1, 2, 0x80);
  const unsuback = version === 5 ? codes(0, 0x11, 0x8f) : fc.constant([]);
  const topicFilters = fc.array(topicFilter, { minLength: 1, maxLength: 5 });
  const reasonCode = version === 5 ? fc.constantFrom(0, 4, 0x80, 0x8e, 0xa2) : fc.constant(0);
  const list: fc.Arbitrary<Packet>[] = [
    merge(fc.record({ type: fc.constant(9), packetIdentifier: identifier, reasonCodes: suback }), properties(version, 9)),
    merge(fc.record({ type: fc.constant(10), packetIdentifier: identifier, topicFilters }), properties(version, 10)),
    merge(fc.record({ type: fc.constant(11), packetIdentifier: identifier, reasonCodes: unsuback }), properties(version, 11)),
    fc.constant({ type: 12 }),
    fc.constant({ type: 13 }),
    merge(fc.record({ type: fc.constant(14), reasonCode }), properties(version, 14)),
  ];
  if (version !== 5) return list;
  const auth = fc.record({ type: fc.constant(15), reasonCode: fc.constantFrom(0, 0x18, 0x19) });
  return [...list, merge(auth, properties(version, 15))];
}

function packets(version: ProtocolVersion): fc.Arbitrary<Packet> {
  const acknowledgements = ([4, 5, 6, 7] as const).map((type) => acknowledgement(version, type));
  return fc.oneof(
    connect(version),
    connack(version),
    publish(version),
    subscribe(version),
    ...acknowledgements,
    ...others(version),
  );
}

const packetOfVersion = versions.chain((version) => fc.tuple(fc.constant(version), packets(version)));
const streamOfVersion = versions.chain((version) =>
  fc.tuple(fc.constant(version), fc.array(packets(version), { minLength: 1, maxLength: 8 })),
);

/** Arrays of one class, whatever the host's are; the payload is copied, since it is a view of a chunk that is overwritten. */
function plain<Value>(value: Value): Value {
  if (value instanceof Uint8Array) return Uint8Array.from(value) as Value;
  if (Array.isArray(value)) return value.map(plain) as Value;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)])) as Value;
}

class Collector implements FrameHandler {
  readonly packets: Packet[] = [];
  private readonly version: ProtocolVersion;
  private readonly stops: () => boolean;

  constructor(version: ProtocolVersion, stops: () => boolean = () => false) {
    this.version = version;
    this.stops = stops;
  }

  frame(chunk: Uint8Array, start: number, bodyStart: number, end: number): boolean {
    this.packets.push(plain(decodePacket(chunk, start, bodyStart, end, this.version)));
    return !this.stops();
  }

  malformed(reasonCode: number, detail: string): void {
    throw new Error(`0x${reasonCode.toString(16)}: ${detail}`);
  }
}

function decodeOne(bytes: Uint8Array, version: ProtocolVersion): Packet[] {
  const collector = new Collector(version);
  new FrameDecoder(collector, 268_435_460).push(bytes);
  return collector.packets;
}

/** What decoding says of bytes[0, end) in a larger array: a packet or a refusal, and nothing else. */
function verdict(chunk: Uint8Array, bodyStart: number, end: number, version: ProtocolVersion): unknown {
  try {
    return plain(decodePacket(chunk, 0, bodyStart, end, version));
  } catch (error) {
    if (!(error instanceof MqttError) || error.source !== "peer" || error.reasonCode === undefined) throw error;
    return error.message;
  }
}

describe.each([
  ["the standard byte functions", standardBytes],
  ["Buffer's byte functions", bufferBytes],
] as const)(`with %s (seed ${seed})`, (_name, set) => {
  beforeAll(() => installBytes(set));
  afterAll(() => installBytes(standardBytes));

  test("decode(encode(p)) = p", () => {
    fc.assert(
      fc.property(packetOfVersion, ([version, packet]) => {
        expect(decodeOne(encodeToBytes(packet, version), version)).toEqual([packet]);
      }),
    );
  });

  test("any split of the bytes and any stop gives the same packets", () => {
    const pieces = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(streamOfVersion, pieces, fc.array(fc.boolean(), { minLength: 1 }), ([version, list], sizes, stops) => {
        const out = new OutBuffer();
        for (const packet of list) encodePacket(out, packet, version);
        let decision = 0;
        const collector = new Collector(version, () => stops[decision++ % stops.length]!);
        const decoder = new FrameDecoder(collector, 268_435_460);
        const reused = new Uint8Array(40);
        for (let at = 0, turn = 0; at < out.end; turn++) {
          const size = Math.min(sizes[turn % sizes.length]!, out.end - at);
          reused.set(out.buffer.subarray(at, at + size));
          decoder.push(reused.subarray(0, size));
          reused.fill(0xff);
          at += size;
          if (turn % 3 === 2) decoder.resume();
        }
        while (decoder.isStopped) decoder.resume();
        expect(collector.packets).toEqual(list);
        expect(decoder.bufferedBytes).toBe(0);
      }),
    );
  });

  test("nanomq #2270 and others: a packet cut at any byte throws nothing but a refusal and reads nothing past its end", () => {
    fc.assert(
      fc.property(packetOfVersion, ([version, packet]) => {
        const whole = encodeToBytes(packet, version);
        const bodyStart = 1 + whole.findIndex((byte, index) => index > 0 && byte < 0x80);
        for (let end = bodyStart; end < whole.length; end++) {
          const zeros = new Uint8Array(whole.length + 8);
          const ones = new Uint8Array(whole.length + 8).fill(0xff);
          zeros.set(whole.subarray(0, end));
          ones.set(whole.subarray(0, end));
          expect(verdict(zeros, bodyStart, end, version)).toEqual(verdict(ones, bodyStart, end, version));
        }
        for (let end = 0; end < whole.length; end++) expect(decodeOne(whole.subarray(0, end), version)).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  test("random bytes with a valid fixed header are refused or decoded", () => {
    const firstByte = fc.integer({ min: 0x10, max: 0xff });
    fc.assert(
      fc.property(versions, firstByte, fc.uint8Array({ maxLength: 100 }), (version, first, body) => {
        expect(verdict(Uint8Array.of(first, body.length, ...body), 2, body.length + 2, version)).toBeDefined();
      }),
      { numRuns: 3000 },
    );
  });
});
