import { describe, expect, test } from "vitest";
import { MqttError } from "../errors/mqtt-error.ts";
import { decodePacket } from "./decode.ts";
import { encodePacket, encodeToBytes } from "./encode.ts";
import { FrameDecoder } from "./frame-decoder.ts";
import { OutBuffer } from "./out-buffer.ts";
import type { Packet, ProtocolVersion, PublishPacket } from "./packets.ts";
import { MAXIMUM_VARIABLE_BYTE_INTEGER, readVariableByteInteger } from "./variable-byte-integer.ts";
import { putVariableByteInteger } from "./write-publish.ts";

const NOTHING = new Uint8Array(0);
const publish: PublishPacket = {
  type: 3,
  topicName: "t",
  payload: NOTHING,
  qos: 1,
  retain: false,
  dup: false,
  packetIdentifier: 7,
};

/** What a packet decodes to, or the Reason Code with which it is refused. */
function outcome(packet: Uint8Array, version: ProtocolVersion): Packet | number {
  try {
    return decodePacket(packet, 0, 2, packet.length, version);
  } catch (error) {
    if (!MqttError.is(error)) throw error;
    return error.reasonCode ?? -1;
  }
}

describe("reserved flags: of all sixteen values only the listed one is taken, and it is the one we send", () => {
  const subscription = { topicFilter: "a", qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  const cases: readonly [title: string, packet: Packet, flags: number, versions: readonly ProtocolVersion[]][] = [
    ["CONNECT of 3.1.1", { type: 1, protocolVersion: 4, cleanStart: true, keepAlive: 0, clientIdentifier: "c" }, 0, [4]],
    ["CONNECT of 5.0", { type: 1, protocolVersion: 5, cleanStart: true, keepAlive: 0, clientIdentifier: "c" }, 0, [5]],
    ["CONNACK", { type: 2, sessionPresent: false, reasonCode: 0 }, 0, [4, 5]],
    ["PUBACK", { type: 4, packetIdentifier: 1, reasonCode: 0 }, 0, [4, 5]],
    ["PUBREC", { type: 5, packetIdentifier: 1, reasonCode: 0 }, 0, [4, 5]],
    ["[MQTT-3.6.1-1] [v3 MQTT-3.6.1-1] PUBREL", { type: 6, packetIdentifier: 1, reasonCode: 0 }, 2, [4, 5]],
    ["PUBCOMP", { type: 7, packetIdentifier: 1, reasonCode: 0 }, 0, [4, 5]],
    ["[MQTT-3.8.1-1] [v3 MQTT-3.8.1-1] SUBSCRIBE", { type: 8, packetIdentifier: 1, subscriptions: [subscription] }, 2, [4, 5]],
    ["SUBACK", { type: 9, packetIdentifier: 1, reasonCodes: [0] }, 0, [4, 5]],
    ["[MQTT-3.10.1-1] [v3 MQTT-3.10.1-1] UNSUBSCRIBE", { type: 10, packetIdentifier: 1, topicFilters: ["a"] }, 2, [4, 5]],
    ["UNSUBACK of 3.1.1", { type: 11, packetIdentifier: 1, reasonCodes: [] }, 0, [4]],
    ["UNSUBACK of 5.0", { type: 11, packetIdentifier: 1, reasonCodes: [0] }, 0, [5]],
    ["PINGREQ", { type: 12 }, 0, [4, 5]],
    ["PINGRESP", { type: 13 }, 0, [4, 5]],
    ["[MQTT-3.14.1-1] [v3 MQTT-3.14.1-1] DISCONNECT", { type: 14, reasonCode: 0 }, 0, [4, 5]],
    ["[MQTT-3.15.1-1] AUTH", { type: 15, reasonCode: 0 }, 0, [5]],
  ];
  // covers: [MQTT-2.1.3-1] [v3 MQTT-2.2.2-1] [v3 MQTT-2.2.2-2]
  test.each(cases.flatMap(([title, packet, flags, versions]) => versions.map((version) => ({ title, packet, flags, version }))))(
    "$title (version $version)",
    ({ packet, flags, version }) => {
      const bytes = encodeToBytes(packet, version);
      expect(bytes[0]).toBe((packet.type << 4) | flags);
      for (let other = 0; other < 16; other++) {
        bytes[0] = (packet.type << 4) | other;
        expect(outcome(bytes, version), `flags ${other}`).toEqual(other === flags ? packet : 0x81);
      }
    },
  );
});

test("MQTT 3.1 has DUP in PUBREL, SUBSCRIBE and UNSUBSCRIBE, and leaves the other flags open: none is looked at (O-17)", () => {
  const subscription = { topicFilter: "a", qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  const packets: readonly Packet[] = [
    { type: 1, protocolVersion: 3, cleanStart: true, keepAlive: 0, clientIdentifier: "c" },
    { type: 2, sessionPresent: false, reasonCode: 0 },
    { type: 4, packetIdentifier: 1, reasonCode: 0 },
    { type: 6, packetIdentifier: 1, reasonCode: 0 },
    { type: 8, packetIdentifier: 1, subscriptions: [subscription] },
    { type: 9, packetIdentifier: 1, reasonCodes: [0] },
    { type: 10, packetIdentifier: 1, topicFilters: ["a"] },
    { type: 11, packetIdentifier: 1, reasonCodes: [] },
    { type: 12 },
    { type: 14, reasonCode: 0 },
  ];
  for (const packet of packets) {
    const bytes = encodeToBytes(packet, 3);
    for (let flags = 0; flags < 16; flags++) {
      bytes[0] = (packet.type << 4) | flags;
      expect(outcome(bytes, 3), `packet type ${packet.type}, flags ${flags}`).toEqual(packet);
    }
  }
});

describe("flags of PUBLISH", () => {
  test.each([3, 4, 5] as const)(
    "[MQTT-3.3.1-4] [v3 MQTT-3.3.1-4] [MQTT-3.3.1-2] [v3 MQTT-3.3.1-2] no QoS 3, and no DUP at QoS 0 (version %i)",
    (version) => {
      const withIdentifier = encodeToBytes(publish, version);
      const without = encodeToBytes({ type: 3, topicName: "t", payload: NOTHING, qos: 0, retain: false, dup: false }, version);
      for (let flags = 0; flags < 16; flags++) {
        const qos = (flags >>> 1) & 3;
        const bytes = Uint8Array.from(qos === 0 ? without : withIdentifier);
        bytes[0] = 0x30 | flags;
        const isWrong = qos === 3 || (qos === 0 && flags >= 8);
        const expected = isWrong ? 0x81 : expect.objectContaining({ qos, dup: flags >= 8, retain: (flags & 1) === 1 });
        expect(outcome(bytes, version), `flags ${flags}`).toEqual(expected);
      }
    },
  );

  test("[MQTT-2.2.1-2] [v3 MQTT-2.3.1-5] at QoS 0 there is no Packet Identifier, in either direction", () => {
    for (const version of [3, 4, 5] as const) {
      const bytes = encodeToBytes({ ...publish, qos: 0, payload: Uint8Array.of(1, 2) }, version);
      expect(bytes).toHaveLength(version === 5 ? 8 : 7);
      const packet = outcome(bytes, version) as PublishPacket;
      expect(packet).not.toHaveProperty("packetIdentifier");
      expect(packet.payload).toEqual(Uint8Array.of(1, 2));
    }
  });

  test("[v3 MQTT-2.3.1-1] [MQTT-2.2.1-3] Packet Identifier 0 is refused in PUBLISH, SUBSCRIBE and UNSUBSCRIBE, and not sent", () => {
    for (const version of [3, 4, 5] as const) {
      for (const qos of [1, 2] as const) {
        const bytes = encodeToBytes({ ...publish, qos }, version);
        bytes.set([0, 0], 5);
        expect(outcome(bytes, version)).toBe(0x82);
        expect(() => encodeToBytes({ ...publish, qos, packetIdentifier: 0 }, version)).toThrow(MqttError);
      }
      const subscription = { topicFilter: "a", qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
      const requests: Packet[] = [
        { type: 8, packetIdentifier: 7, subscriptions: [subscription] },
        { type: 10, packetIdentifier: 7, topicFilters: ["a"] },
      ];
      for (const request of requests) {
        const bytes = encodeToBytes(request, version);
        bytes.set([0, 0], 2);
        expect(outcome(bytes, version)).toBe(0x82);
        expect(() => encodeToBytes({ ...request, packetIdentifier: 0 } as Packet, version)).toThrow(MqttError);
      }
    }
  });
});

describe("Variable Byte Integers", () => {
  const sizes = [
    [0, "00"],
    [127, "7f"],
    [128, "8001"],
    [16_383, "ff7f"],
    [16_384, "808001"],
    [2_097_151, "ffff7f"],
    [2_097_152, "80808001"],
    [268_435_455, "ffffff7f"],
  ] as const;

  test.each(sizes)("[MQTT-1.5.5-1] %i is %s, no longer and no shorter", (value, hex) => {
    const target = new Uint8Array(5);
    const end = putVariableByteInteger(target, 0, value);
    expect(Buffer.from(target.subarray(0, end)).toString("hex")).toBe(hex);
    expect(readVariableByteInteger(target, 0, end)).toBe(value);
    expect(readVariableByteInteger(target, 0, end - 1)).toBe(-1);
  });

  test.each(["8000", "ff00", "808000", "80808000", "ffffff00", "8080808001", "ffffffff7f", "80", "808080"])(
    "[MQTT-1.5.5-1] %s is longer than needed, longer than four bytes, or cut: refused",
    (hex) => {
      const bytes = Buffer.from(hex, "hex");
      expect(readVariableByteInteger(bytes, 0, bytes.length)).toBe(-1);
    },
  );

  test("[MQTT-1.5.5-1] a Remaining Length of more bytes than needed is refused in every packet of 5.0; 3.1.1 has no such rule (O-17)", () => {
    const short = encodeToBytes({ type: 14, reasonCode: 0 }, 5);
    const long = Uint8Array.of(short[0]!, 0x80, 0x00);
    expect(() => decodePacket(long, 0, 3, 3, 5)).toThrow(expect.objectContaining({ reasonCode: 0x81 }));
    expect(decodePacket(long, 0, 3, 3, 4)).toEqual({ type: 14, reasonCode: 0 });
  });
});

describe("the longest packet, Remaining Length 268,435,455", () => {
  const overhead = 2 + 1;
  const topicName = "t";

  test("is written, and found again by its first bytes and its end", () => {
    // Zeros that nobody touches: the system gives the memory only where it is written.
    const payload = new Uint8Array(MAXIMUM_VARIABLE_BYTE_INTEGER - overhead);
    payload[payload.length - 1] = 0x5a;
    const packet: PublishPacket = { type: 3, topicName, payload, qos: 0, retain: false, dup: false };
    const out = new OutBuffer();
    encodePacket(out, packet, 4);
    const whole = out.view();
    expect(whole).toHaveLength(5 + MAXIMUM_VARIABLE_BYTE_INTEGER);
    expect(Array.from(whole.subarray(0, 8))).toEqual([0x30, 0xff, 0xff, 0xff, 0x7f, 0, 1, 0x74]);
    const found: [bodyStart: number, end: number, last: number][] = [];
    const decoder = new FrameDecoder(
      {
        frame(chunk, _start, bodyStart, end) {
          found.push([bodyStart, end, chunk[end - 1]!]);
          return true;
        },
        malformed(reasonCode, detail) {
          throw new Error(`0x${reasonCode.toString(16)} ${detail}`);
        },
      },
      5 + MAXIMUM_VARIABLE_BYTE_INTEGER,
    );
    decoder.push(whole);
    expect(found).toEqual([[5, 5 + MAXIMUM_VARIABLE_BYTE_INTEGER, 0x5a]]);
  });

  test("one byte more cannot be said", () => {
    const payload = new Uint8Array(MAXIMUM_VARIABLE_BYTE_INTEGER - overhead + 1);
    const packet: PublishPacket = { type: 3, topicName, payload, qos: 0, retain: false, dup: false };
    expect(() => encodePacket(new OutBuffer(), packet, 4)).toThrow(expect.objectContaining({ code: "PACKET_INVALID" }));
  });
});
