import { performance } from "node:perf_hooks";
import { expect, test } from "vitest";
import { MqttError } from "../errors/mqtt-error.ts";
import { bytes, installBytes, standardBytes } from "./bytes.ts";
import { decodePacket } from "./decode.ts";
import { encodeToBytes } from "./encode.ts";
import { FrameDecoder } from "./frame-decoder.ts";
import type { FrameHandler } from "./frame-walk.ts";
import type { ConnectPacket, Packet, ProtocolVersion } from "./packets.ts";
import { type PropertyPlace, propertyRows, PropertyType } from "./properties.ts";

/** Faults that brokers and clients of others had, each by its public name, and what ours does with the same bytes. */

class Outcome implements FrameHandler {
  readonly packets: Packet[] = [];
  readonly errors: MqttError[] = [];
  readonly faults: number[] = [];
  readonly version: ProtocolVersion;

  constructor(version: ProtocolVersion) {
    this.version = version;
  }

  frame(chunk: Uint8Array, start: number, bodyStart: number, end: number): boolean {
    try {
      this.packets.push(decodePacket(chunk, start, bodyStart, end, this.version));
    } catch (error) {
      if (!(error instanceof MqttError)) throw error;
      this.errors.push(error);
    }
    return true;
  }

  malformed(reasonCode: number): void {
    this.faults.push(reasonCode);
  }
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text.match(/[0-9a-f]{2}/g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function decode(input: string | Uint8Array, version: ProtocolVersion, limit = 268_435_460): Outcome {
  const outcome = new Outcome(version);
  new FrameDecoder(outcome, limit).push(typeof input === "string" ? bytesOf(input) : input);
  return outcome;
}

test("CVE-2023-0809: before CONNECT nothing is set aside for a packet of another type", () => {
  const outcome = new Outcome(4);
  const decoder = new FrameDecoder(outcome, 65_536);
  decoder.acceptedTypes = 1 << 1;
  const allocated = allocatedDuring(() => decoder.push(bytesOf("30 80 80 80 74 00 00 00 00")));
  expect(outcome.faults).toEqual([0x82]);
  expect(allocated).toBe(0);
});

test("CVE-2017-7651, CVE-2021-33175: a declared 256 MB costs no more memory than 64 KiB before it arrives", () => {
  const outcome = new Outcome(4);
  const decoder = new FrameDecoder(outcome, 268_435_460);
  const allocated = allocatedDuring(() => {
    decoder.push(bytesOf("10 ff ff ff 7f 00"));
    decoder.push(bytesOf("00 00 00"));
  });
  expect(allocated).toBeLessThanOrEqual(65_536);
  expect(decoder.bufferedBytes).toBe(9);
});

test("CVE-2017-7651: a CONNECT above the limit is refused by its length", () => {
  expect(decode("10 ff ff ff 7f", 4, 65_536)).toMatchObject({ faults: [0x95], packets: [] });
});

test("CVE-2017-7653: a topic that is not UTF-8 does not come through", () => {
  for (const topic of ["c080", "eda080", "f8888080", "80", "c3", "e28282ff", "f0808080", "f4908080", "ff"]) {
    const length = topic.length / 2;
    const remaining = (length + 3).toString(16).padStart(2, "0");
    const outcome = decode(`30 ${remaining} 00 0${length} ${topic} 00`, 5);
    expect(outcome.packets).toEqual([]);
    expect(outcome.errors).toMatchObject([{ reasonCode: 0x81 }]);
  }
});

test("CVE-2018-12543: a topic that begins with $ is a topic like others to the codec", () => {
  for (const topicName of ["$", "$a", "$share", "$SYS"]) {
    const packet: Packet = { type: 3, topicName, payload: new Uint8Array(0), qos: 0, retain: false, dup: false };
    expect(decode(encodeToBytes(packet, 4), 4).packets).toEqual([packet]);
  }
});

test("CVE-2019-11779: a SUBSCRIBE of 65,535 slashes is one string", () => {
  const packet: Packet = { type: 10, packetIdentifier: 1, topicFilters: ["/".repeat(65_535)] };
  expect(decode(encodeToBytes(packet, 4), 4).packets).toEqual([packet]);
});

test("CVE-2021-28166: packets of a server are refused by type where a client sends them", () => {
  const outcome = new Outcome(5);
  const decoder = new FrameDecoder(outcome, 65_536);
  decoder.acceptedTypes = 0xffff & ~((1 << 0) | (1 << 2) | (1 << 9) | (1 << 11) | (1 << 13));
  decoder.push(bytesOf("29 02 00 01 e0 00"));
  expect(outcome).toMatchObject({ faults: [0x82], packets: [] });
});

test("CVE-2021-34432: a PUBLISH without a topic is malformed before 5.0, and 0x82 without an alias on 5.0", () => {
  expect(decode("30 02 00 00", 4).errors).toMatchObject([{ reasonCode: 0x81 }]);
  expect(decode("30 03 00 00 00", 5).errors).toMatchObject([{ reasonCode: 0x82 }]);
});

test("CVE-2021-41039: a CONNECT with 60,000 User Properties takes linear time", () => {
  const packet: ConnectPacket = {
    type: 1,
    protocolVersion: 5,
    cleanStart: true,
    keepAlive: 0,
    clientIdentifier: "",
    properties: { userProperties: Array.from({ length: 60_000 }, () => ["a", "b"] as const) },
  };
  const encoded = encodeToBytes(packet, 5);
  const started = performance.now();
  expect(decode(encoded, 5).packets).toEqual([packet]);
  // Quadratic code takes tens of seconds; the limit leaves room for a busy machine, and the comparison is part of the time.
  expect(performance.now() - started).toBeLessThan(2_000);
});

test("CVE-2023-3592: every property is refused where it may not stand, and taken where it may", () => {
  // Bytes of a body before the properties, and after them, for each place; the Will is the properties within a CONNECT.
  const places: Readonly<Record<PropertyPlace, readonly [firstByte: string, before: string, after: string]>> = {
    0: ["10", "00044d5154540504 0000 00 0000", "0001610000"],
    1: ["10", "00044d51545405000000", "0000"],
    2: ["20", "0000", ""],
    3: ["30", "000161", ""],
    4: ["40", "000100", ""],
    5: ["50", "000100", ""],
    6: ["62", "000100", ""],
    7: ["70", "000100", ""],
    8: ["82", "0001", "00016100"],
    9: ["90", "0001", "00"],
    10: ["a2", "0001", "000161"],
    11: ["b0", "0001", "00"],
    12: ["c0", "", ""],
    13: ["d0", "", ""],
    14: ["e0", "00", ""],
    15: ["f0", "00", ""],
  };
  const values: Readonly<Record<PropertyType, string>> = {
    [PropertyType.Byte]: "01",
    [PropertyType.TwoByteInteger]: "0001",
    [PropertyType.FourByteInteger]: "00000001",
    [PropertyType.VariableByteInteger]: "01",
    [PropertyType.BinaryData]: "000100",
    [PropertyType.Utf8String]: "000161",
    [PropertyType.Utf8StringPair]: "000161000162",
  };
  for (let place = 0 as PropertyPlace; place < 16; place++) {
    const [firstByte, before, after] = places[place];
    for (const row of propertyRows) {
      const property = `${row.id.toString(16).padStart(2, "0")}${values[row.type]}`;
      const body = bytesOf(`${before}${lengthOf(property)}${property}${after}`);
      const outcome = decode(Uint8Array.of(Number.parseInt(firstByte, 16), body.length, ...body), 5);
      const refused = ((row.places >>> place) & 1) === 0 ? [0x81] : [];
      // Alone in a CONNECT, Authentication Data is a Protocol Error of its own.
      const expected = row.name === "authenticationData" && place === 1 ? [0x82] : refused;
      expect(
        outcome.errors.map(({ reasonCode }) => reasonCode),
        `${row.name} in ${place}`,
      ).toEqual(expected);
      expect(outcome.packets).toHaveLength(1 - expected.length);
    }
  }
});

function lengthOf(text: string): string {
  return (text.length / 2).toString(16).padStart(2, "0");
}

test("CVE-2026-21888: a property length of five bytes is refused in every packet", () => {
  for (const start of ["20 07 00 00", "40 08 00 01 00", "90 07 00 01", "e0 06 00", "f0 06 00", "30 08 00 01 61"]) {
    const outcome = decode(`${start} 80 80 80 80 01`, 5);
    expect(outcome).toMatchObject({ packets: [], errors: [{ reasonCode: 0x81 }] });
  }
});

test("CVE-2026-25627: a Remaining Length beyond the bytes at hand waits, and reads nothing past them", () => {
  const outcome = decode("30 80 20 00 01 61", 4);
  expect(outcome).toMatchObject({ packets: [], errors: [], faults: [] });
});

test("CVE-2016-10523: malformed packets throw nothing but an MqttError with a Reason Code", () => {
  const outcome = decode("101000044d5154540502003c0321001400006202d301e0020020", 4);
  expect(outcome.packets).toMatchObject([
    { type: 1, clientIdentifier: "", properties: { receiveMaximum: 20 } },
    { type: 6, packetIdentifier: 0xd301 },
  ]);
  expect(outcome.errors).toMatchObject([{ reasonCode: 0x81 }]);
});

test("CVE-2017-10910: a million packets in one chunk need no stack", () => {
  let count = 0;
  const handler: FrameHandler = {
    frame() {
      count++;
      return true;
    },
    malformed() {
      throw new Error("not malformed");
    },
  };
  const chunk = new Uint8Array(2_000_000);
  for (let at = 0; at < chunk.length; at += 2) chunk[at] = 0xc0;
  new FrameDecoder(handler, 100).push(chunk);
  expect(count).toBe(1_000_000);
});

test("CVE-2017-10910: a million stops in one chunk need neither stack nor copies", () => {
  let count = 0;
  const decoder = new FrameDecoder(
    {
      frame() {
        count++;
        return false;
      },
      malformed() {
        throw new Error("not malformed");
      },
    },
    100,
  );
  const chunk = new Uint8Array(2_000_000);
  for (let at = 0; at < chunk.length; at += 2) chunk[at] = 0xc0;
  decoder.push(chunk);
  const allocated = allocatedDuring(() => {
    while (decoder.isStopped) decoder.resume();
  });
  expect(count).toBe(1_000_000);
  expect(allocated).toBe(0);
});

test("CVE-2020-13410: an encoder refuses a will with a bad topic, and leaves nothing in the out-buffer", () => {
  const packet: ConnectPacket = {
    type: 1,
    protocolVersion: 4,
    cleanStart: true,
    keepAlive: 0,
    clientIdentifier: "a",
    will: { topicName: "a/#", payload: new Uint8Array(0), qos: 0, retain: false },
  };
  expect(() => encodeToBytes(packet, 4)).toThrow(expect.objectContaining({ code: "TOPIC_NAME", source: "usage" }));
});

/** Bytes that the codec asked its host for. */
function allocatedDuring(action: () => void): number {
  let total = 0;
  installBytes({
    ...standardBytes,
    alloc(size) {
      total += size;
      return new Uint8Array(size);
    },
  });
  try {
    action();
  } finally {
    installBytes(standardBytes);
  }
  expect(bytes.alloc).toBe(standardBytes.alloc);
  return total;
}
