import { expect, test } from "vitest";
import { connect, publish, subscribe } from "./build.ts";
import { variableByteInteger } from "./bytes.ts";
import { Frames } from "./frames.ts";
import { parsePacket, valuesOf } from "./parse.ts";
import { property } from "./properties.ts";

test("a CONNECT with everything reads back", () => {
  const bytes = connect({
    version: 5,
    clientId: "c",
    keepAlive: 300,
    properties: [property("sessionExpiryInterval", 5), property("userProperty", ["a", "b"])],
    will: { topic: "w", payload: "gone", qos: 2, retain: true, properties: [property("willDelayInterval", 1)] },
    username: "ann",
    password: "secret",
  });
  const packet = parsePacket(bytes, 5);
  expect(packet.fault).toBeUndefined();
  expect(packet.connect).toMatchObject({ protocolName: "MQTT", protocolLevel: 5, clientId: "c", keepAlive: 300, username: "ann" });
  expect(packet.connect?.will).toMatchObject({ topic: "w", qos: 2, retain: true });
  expect(valuesOf(packet, "userProperty")).toEqual([["a", "b"]]);
});

test("the bytes of a PUBLISH are those of the specification's layout", () => {
  const bytes = publish({ version: 5, topic: "a/b", qos: 1, packetIdentifier: 10, payload: "x", dup: true });
  expect(bytes.toString("hex")).toBe("3a090003612f62000a0078");
  expect(subscribe({ version: 4, packetIdentifier: 1, filters: [["#", 2]] }).toString("hex")).toBe("8206000100012302");
});

test("faults are named", () => {
  expect(parsePacket(Buffer.from([0x31, 0x01, 0x00]), 4).fault).toMatch(/ends 1 bytes inside/);
  expect(parsePacket(Buffer.from([0x60, 0x02, 0x00, 0x01]), 4).fault).toMatch(/flags/);
  expect(parsePacket(Buffer.from([0x40, 0x02, 0x00, 0x00]), 4).fault).toMatch(/Identifier is 0/);
  expect(parsePacket(Buffer.from([0x36, 0x03, 0x00, 0x01, 0x61]), 4).fault).toMatch(/QoS is 3/);
});

test("a stream is cut into packets wherever its chunks end", () => {
  const bytes = Buffer.concat([publish({ version: 4, topic: "a", payload: "x".repeat(200) }), Buffer.from([0xd0, 0x00])]);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const frames = new Frames();
    const packets = [...frames.push(bytes.subarray(0, cut)), ...frames.push(bytes.subarray(cut))];
    expect(packets.map((packet) => packet.length)).toEqual([bytes.length - 2, 2]);
  }
});

test.each([
  [0, "00"],
  [127, "7f"],
  [128, "8001"],
  [268_435_455, "ffffff7f"],
])("the Variable Byte Integer %d", (value, hex) => expect(variableByteInteger(value).toString("hex")).toBe(hex));

test("an over-long Variable Byte Integer", () => expect(variableByteInteger(1, 3).toString("hex")).toBe("818000"));
