import { describe, expect, test } from "vitest";
import { MqttError } from "../errors/mqtt-error.ts";
import { decodePacket } from "./decode.ts";
import { encodeToBytes } from "./encode.ts";
import type { ConnectPacket, ProtocolVersion } from "./packets.ts";

/*
 * All 256 Connect Flags with the payload that they announce, with one field too few and with one too many: what is decoded has
 * exactly the announced fields, in the specification's order.
 */

const CLEAN_START = 0x02;
const WILL = 0x04;
const WILL_RETAIN = 0x20;
const PASSWORD = 0x40;
const USERNAME = 0x80;

/** A string or binary field. */
function field(text: string): number[] {
  return [0, text.length, ...Buffer.from(text, "latin1")];
}

interface Part {
  readonly name: string;
  readonly bytes: readonly number[];
}

/** The payload fields that the flags announce, in order (section 3.1.3). */
function partsOf(flags: number, version: ProtocolVersion): Part[] {
  const part = (name: string, bytes: readonly number[]): Part => ({ name, bytes });
  const will = [
    ...(version === 5 ? [part("will properties", [5, 0x18, 0, 0, 0, 7])] : []),
    part("will topic", field("will/topic")),
    part("will payload", field("payload of the will")),
  ];
  return [
    part("client identifier", field("client")),
    ...((flags & WILL) === 0 ? [] : will),
    ...((flags & USERNAME) === 0 ? [] : [part("user name", field("name of the user"))]),
    ...((flags & PASSWORD) === 0 ? [] : [part("password", field("secret"))]),
  ];
}

function connectOf(version: ProtocolVersion, flags: number, parts: readonly Part[]): Uint8Array {
  const name = version === 3 ? field("MQIsdp") : field("MQTT");
  const header = [...name, version, flags, 0, 10, ...(version === 5 ? [0] : [])];
  const body = [...header, ...parts.flatMap(({ bytes }) => bytes)];
  return Uint8Array.from([0x10, body.length, ...body]);
}

/** The packet, or the Reason Code of the refusal. */
function outcome(packet: Uint8Array): ConnectPacket | number {
  try {
    return decodePacket(packet, 0, 2, packet.length, 4) as ConnectPacket;
  } catch (error) {
    if (!MqttError.is(error)) throw error;
    return error.reasonCode ?? -1;
  }
}

function isRight(flags: number, version: ProtocolVersion): boolean {
  const willQoS = (flags >>> 3) & 3;
  if ((flags & 1) !== 0 || willQoS === 3) return false;
  if ((flags & WILL) === 0 && (willQoS !== 0 || (flags & WILL_RETAIN) !== 0)) return false;
  return version === 5 || (flags & PASSWORD) === 0 || (flags & USERNAME) !== 0;
}

function expected(flags: number, version: ProtocolVersion): ConnectPacket {
  const packet: ConnectPacket = {
    type: 1,
    protocolVersion: version,
    cleanStart: (flags & CLEAN_START) !== 0,
    keepAlive: 10,
    clientIdentifier: "client",
  };
  if ((flags & WILL) !== 0) {
    packet.will = {
      topicName: "will/topic",
      payload: Uint8Array.from(Buffer.from("payload of the will")),
      qos: ((flags >>> 3) & 3) as 0 | 1 | 2,
      retain: (flags & WILL_RETAIN) !== 0,
      ...(version === 5 ? { properties: { willDelayInterval: 7 } } : {}),
    };
  }
  if ((flags & USERNAME) !== 0) packet.username = "name of the user";
  if ((flags & PASSWORD) !== 0) packet.password = Uint8Array.from(Buffer.from("secret"));
  return packet;
}

const every = Array.from({ length: 256 }, (_, flags) => flags);
const rightOnes = (version: ProtocolVersion): number[] => every.filter((flags) => isRight(flags, version));
const cases = [4, 5] as const;

describe("Connect Flags", () => {
  // covers: [MQTT-3.1.2-3] [MQTT-3.1.2-11] [MQTT-3.1.2-12] [MQTT-3.1.2-13] [MQTT-3.1.3-1] [MQTT-3.1.3-3]
  // [v3 MQTT-3.1.2-3] [v3 MQTT-3.1.2-11] [v3 MQTT-3.1.2-13] [v3 MQTT-3.1.2-14] [v3 MQTT-3.1.2-15] [v3 MQTT-3.1.2-22]
  // [v3 MQTT-3.1.3-1] [v3 MQTT-3.1.3-3]
  test.each(cases)("those that are allowed announce the payload's fields, all others are malformed (version %i)", (version) => {
    for (const flags of every) {
      const packet = connectOf(version, flags, partsOf(flags, version));
      expect(outcome(packet), `flags ${flags}`).toEqual(isRight(flags, version) ? expected(flags, version) : 0x81);
    }
  });

  test.each(cases)(
    "[MQTT-3.1.2-9] [MQTT-3.1.2-17] [MQTT-3.1.2-19] [v3 MQTT-3.1.2-9] [v3 MQTT-3.1.2-19] [v3 MQTT-3.1.2-21] without an announced field the CONNECT is malformed (version %i)",
    (version) => {
      for (const flags of rightOnes(version)) {
        const parts = partsOf(flags, version);
        for (const missing of parts) {
          const packet = connectOf(
            version,
            flags,
            parts.filter((part) => part !== missing),
          );
          expect(outcome(packet), `flags ${flags} without ${missing.name}`).toBeTypeOf("number");
        }
      }
    },
  );

  test.each(cases)(
    "[MQTT-3.1.2-16] [MQTT-3.1.2-18] [v3 MQTT-3.1.2-18] [v3 MQTT-3.1.2-20] with a field that is not announced the CONNECT is malformed (version %i)",
    (version) => {
      for (const flags of rightOnes(version)) {
        const packet = connectOf(version, flags, [...partsOf(flags, version), { name: "more", bytes: field("more") }]);
        expect(outcome(packet), `flags ${flags}`).toBe(0x81);
      }
    },
  );

  test.each(cases)("what we send has the flags of its fields and the fields of its flags (version %i)", (version) => {
    for (const flags of rightOnes(version)) {
      const sent = encodeToBytes(expected(flags, version), version);
      expect(Array.from(sent), `flags ${flags}`).toEqual(Array.from(connectOf(version, flags, partsOf(flags, version))));
    }
  });
});

describe("CONNECT of MQTT 3.1", () => {
  test("its name is MQIsdp and its level 3; flags that have no meaning there are not looked at (O-17)", () => {
    const parts = partsOf(0, 3);
    expect(outcome(connectOf(3, 0, parts))).toEqual(expected(0, 3));
    for (const flags of [0x01, 0x08, 0x18, WILL_RETAIN]) expect(outcome(connectOf(3, flags, parts))).toEqual(expected(0, 3));
    expect(outcome(connectOf(3, WILL | 0x18, partsOf(WILL, 3)))).toBe(0x81);
  });

  test("user name and password may be missing in spite of their flags, for clients of the version before", () => {
    for (const flags of [USERNAME, PASSWORD, USERNAME | PASSWORD]) {
      expect(outcome(connectOf(3, flags, partsOf(0, 3)))).toEqual(expected(0, 3));
      expect(outcome(connectOf(3, flags, partsOf(flags, 3)))).toEqual(expected(flags, 3));
    }
  });

  test("a Client Identifier of more than 23 characters is taken (O-2)", () => {
    const clientIdentifier = "c".repeat(65_535);
    const packet: ConnectPacket = { type: 1, protocolVersion: 3, cleanStart: true, keepAlive: 0, clientIdentifier };
    const bytes = encodeToBytes(packet, 3);
    expect(decodePacket(bytes, 0, 4, bytes.length, 3)).toEqual(packet);
  });
});

describe("the protocol's name and level", () => {
  test("[MQTT-3.1.2-1] [MQTT-3.1.2-2] [v3 MQTT-3.1.2-1] [v3 MQTT-3.1.2-2] of all 256 levels with each name three pairs are ours, some with the bridge bit", () => {
    const taken = ["MQTT", "MQIsdp", "MQTt", "mqtt", "MQTT ", "MQIsdP"].flatMap((name) =>
      every
        .filter((level) => {
          const body = [...field(name), level, CLEAN_START, 0, 0, ...((level & 0x7f) === 5 ? [0] : []), ...field("c")];
          const found = outcome(Uint8Array.from([0x10, body.length, ...body]));
          if (typeof found === "number") expect(found).toBe(0x84);
          return typeof found !== "number";
        })
        .map((level) => `${name} ${level}`),
    );
    expect(taken).toEqual(["MQTT 4", "MQTT 5", "MQTT 132", "MQTT 133", "MQIsdp 3", "MQIsdp 131"]);
  });
});
