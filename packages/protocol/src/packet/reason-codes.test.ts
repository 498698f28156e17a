import { describe, expect, test } from "vitest";
import { MqttError } from "../errors/mqtt-error.ts";
import { decodePacket } from "./decode.ts";
import { decodeFromServer } from "./decode-from-server.ts";
import { encodeToBytes } from "./encode.ts";
import type { Packet, ProtocolVersion } from "./packets.ts";

/** Codes that the packet may carry, by its table in section 3 of the specification. */
interface Table {
  readonly title: string;
  readonly version: ProtocolVersion;
  readonly codes: readonly number[];
  /** Refusals beyond the table are taken from a peer: they say more than our complaint would. */
  readonly takesOthers?: true;
  packet(reasonCode: number): Packet;
}

const refusalsOfAcknowledgement = [0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99];
const tables: readonly Table[] = [
  {
    title: "[MQTT-3.2.2-8] CONNACK",
    version: 5,
    codes: [
      0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x90, 0x95, 0x97, 0x99, 0x9a, 0x9b, 0x9c, 0x9d,
      0x9f,
    ],
    takesOthers: true,
    packet: (reasonCode) => ({ type: 2, sessionPresent: false, reasonCode }),
  },
  {
    title: "[MQTT-3.4.2-1] PUBACK",
    version: 5,
    codes: [0x00, 0x10, ...refusalsOfAcknowledgement],
    packet: (reasonCode) => ({ type: 4, packetIdentifier: 1, reasonCode }),
  },
  {
    title: "[MQTT-3.5.2-1] PUBREC",
    version: 5,
    codes: [0x00, 0x10, ...refusalsOfAcknowledgement],
    packet: (reasonCode) => ({ type: 5, packetIdentifier: 1, reasonCode }),
  },
  {
    title: "[MQTT-3.6.2-1] PUBREL",
    version: 5,
    codes: [0x00, 0x92],
    packet: (reasonCode) => ({ type: 6, packetIdentifier: 1, reasonCode }),
  },
  {
    title: "[MQTT-3.7.2-1] PUBCOMP",
    version: 5,
    codes: [0x00, 0x92],
    packet: (reasonCode) => ({ type: 7, packetIdentifier: 1, reasonCode }),
  },
  {
    title: "[MQTT-3.9.3-2] SUBACK",
    version: 5,
    codes: [0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2],
    packet: (reasonCode) => ({ type: 9, packetIdentifier: 1, reasonCodes: [0, reasonCode] }),
  },
  {
    title: "[MQTT-3.11.3-2] UNSUBACK",
    version: 5,
    codes: [0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91],
    packet: (reasonCode) => ({ type: 11, packetIdentifier: 1, reasonCodes: [0, reasonCode] }),
  },
  {
    title: "[MQTT-3.14.2-1] DISCONNECT",
    version: 5,
    codes: [
      0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x8f, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a,
      0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2,
    ],
    takesOthers: true,
    packet: (reasonCode) => ({ type: 14, reasonCode }),
  },
  {
    title: "[MQTT-3.15.2-1] AUTH",
    version: 5,
    codes: [0x00, 0x18, 0x19],
    packet: (reasonCode) => ({ type: 15, reasonCode }),
  },
];

const every = Array.from({ length: 256 }, (_, code) => code);

/** Where the Reason Code of a packet stands that carries 0x91 or the highest code it has. */
function placeOfReason({ codes, version, packet }: Table): { bytes: Uint8Array; at: number } {
  const marked = codes.at(-1)!;
  const bytes = encodeToBytes(packet(marked), version);
  return { bytes, at: bytes.lastIndexOf(marked) };
}

function isTaken(bytes: Uint8Array, version: ProtocolVersion): boolean {
  try {
    decodePacket(bytes, 0, 2, bytes.length, version);
    return true;
  } catch (error) {
    if (!MqttError.is(error)) throw error;
    expect(error).toMatchObject({ reasonCode: 0x82, source: "peer" });
    return false;
  }
}

describe("of all 256 Reason Codes those of its table are taken, the others are a Protocol Error:", () => {
  test.each(tables)("$title", (table) => {
    const { bytes, at } = placeOfReason(table);
    const taken = every.filter((code) => {
      bytes[at] = code;
      return isTaken(bytes, table.version);
    });
    const beyond = table.takesOthers === true ? every.filter((code) => code >= 0x80 && !table.codes.includes(code)) : [];
    expect(taken).toEqual([...table.codes, ...beyond].toSorted((a, b) => a - b));
  });
});

describe("no other is sent:", () => {
  test.each(tables)("$title", ({ codes, version, packet, takesOthers }) => {
    for (const code of every) {
      if (codes.includes(code)) expect(decoded(encodeToBytes(packet(code), version), version)).toEqual(packet(code));
      else if (takesOthers === true && code >= 0x80) {
        const sent = decoded(encodeToBytes(packet(code), version), version) as { reasonCode: number };
        expect(sent.reasonCode, `instead of ${code}`).toBeOneOf(codes.filter((each) => each >= 0x80));
      } else expect(() => encodeToBytes(packet(code), version), `code ${code}`).toThrow(MqttError);
    }
  });

  function decoded(bytes: Uint8Array, version: ProtocolVersion): Packet {
    return decodePacket(bytes, 0, 2, bytes.length, version);
  }

  test("what CONNACK or DISCONNECT cannot say goes as the nearest they can", () => {
    const sent = (packet: Packet): number => encodeToBytes(packet, 5)[packet.type === 2 ? 3 : 2]!;
    expect([0x8b, 0x8e, 0x93].map((reasonCode) => sent({ type: 2, sessionPresent: false, reasonCode }))).toEqual([
      0x88, 0x80, 0x80,
    ]);
    expect([0x86, 0x8c, 0x88, 0x92].map((reasonCode) => sent({ type: 14, reasonCode }))).toEqual([0x87, 0x87, 0x87, 0x80]);
  });
});

describe("return codes of SUBACK before 5.0", () => {
  test.each([3, 4] as const)("[v3 MQTT-3.9.3-2] are 0, 1, 2 and 0x80, and no other is sent (version %i)", (version) => {
    const bytes = encodeToBytes({ type: 9, packetIdentifier: 1, reasonCodes: [0, 2] }, version);
    const taken = every.filter((code) => {
      bytes[5] = code;
      return isTaken(bytes, version);
    });
    expect(taken).toEqual([0, 1, 2, 0x80]);
    const refusals = [0x80, 0x83, 0x87, 0x8f, 0x97, 0x9e, 0xa1, 0xa2];
    const sent = encodeToBytes({ type: 9, packetIdentifier: 1, reasonCodes: refusals }, version);
    expect(Array.from(sent.subarray(4))).toEqual(refusals.map(() => 0x80));
  });
});

test("[MQTT-3.14.2-2] a Session Expiry Interval in a server's DISCONNECT is a Protocol Error; a client may send it", () => {
  const bytes = encodeToBytes({ type: 14, reasonCode: 0, properties: { sessionExpiryInterval: 5 } }, 5);
  expect(decodePacket(bytes, 0, 2, bytes.length, 5)).toMatchObject({ properties: { sessionExpiryInterval: 5 } });
  expect(() => decodeFromServer(bytes, 0, 2, bytes.length, 5)).toThrow(
    expect.objectContaining({ reasonCode: 0x82, source: "peer" }),
  );
  const reason = encodeToBytes({ type: 14, reasonCode: 0x8b, properties: { reasonString: "stops" } }, 5);
  expect(decodeFromServer(reason, 0, 2, reason.length, 5)).toMatchObject({ properties: { reasonString: "stops" } });
});
