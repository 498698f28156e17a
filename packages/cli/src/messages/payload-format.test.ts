import { expect, test } from "vitest";
import type { PayloadFormatName } from "./payload-coding.ts";
import { encodePayload, payloadFormat } from "./payload-format.ts";

type Plain = Exclude<PayloadFormatName, "protobuf" | "avro">;

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const hex = (given: Uint8Array): string => Buffer.from(given).toString("hex");
const text = (given: string | Uint8Array): string => (typeof given === "string" ? given : Buffer.from(given).toString("utf8"));

test.each([
  ["text", "as \u00e4 it is\n", "617320c3a420697420"],
  ["json", '{"n":12345678901234567890}', hex(bytes('{"n":12345678901234567890}'))],
  ["hex", "0x00 FF", "00ff"],
  ["base64", "AP8=", "00ff"],
  ["cbor", '{"a":[1,-2,1.5,null,true]}', "a16161850121f93e00f6f5"],
  ["msgpack", '{"a":[1,-2]}', "81a1619201fe"],
] as const)("%s is encoded as its name says", async (name, given, expected) => {
  const format = await payloadFormat(name);
  expect(hex(encodePayload(format, bytes(given))).startsWith(expected)).toBe(true);
});

test.each(["text", "json", "hex", "base64", "cbor", "msgpack"] as const)("%s comes back as it was given", async (name) => {
  const format = await payloadFormat(name);
  const given = { text: "\u00e4\n", json: '{"a":1.50}', hex: "00ff7f", base64: "AP9/", cbor: '{"a":"b"}', msgpack: '{"a":"b"}' }[
    name
  ];
  expect(text(format.decode(format.encode(bytes(given))))).toBe(given);
});

test.each<[Plain, string, string]>([
  // {1: h'00ff', "t": 1(0), "big": 2^64, "inf": Infinity, "undefined": undefined}
  ["cbor", "a1014200ff", '{"1":"AP8="}'],
  ["cbor", "c2490100000000000000 00".replace(" ", ""), '"18446744073709551616"'],
  ["cbor", "d9d9f7c11a514b67b0", "1363896240"],
  ["cbor", "f97c00", '"Infinity"'],
  ["cbor", "f7", "null"],
  ["msgpack", "8101c402ff00", '{"1":"/wA="}'],
  ["msgpack", "cfffffffffffffffff", '"18446744073709551615"'],
  ["msgpack", "d6ff00000000", '"1970-01-01T00:00:00.000Z"'],
  ["msgpack", "d40501", '{"type":5,"data":"AQ=="}'],
  ["json", hex(bytes('{\n "a": 1\n}')), '{"a":1}'],
])("%s %s is printed as one line of JSON", async (name, payload, expected) => {
  const format = await payloadFormat(name);
  expect(text(format.decode(Buffer.from(payload, "hex")))).toBe(expected);
});

test.each<[Plain, string]>([
  ["json", "{a:1}"],
  ["hex", "abc"],
  ["hex", "zz"],
  ["base64", "a*b"],
  ["cbor", "no json"],
  ["msgpack", "no json"],
  ["cbor", "18446744073709551616"],
  ["msgpack", "18446744073709551616"],
  ["msgpack", "[-9223372036854775809]"],
])("%s refuses %j, and says so without a stack", async (name, given) => {
  const format = await payloadFormat(name);
  expect(() => encodePayload(format, bytes(given))).toThrow(
    expect.objectContaining({ code: "USAGE", message: expect.stringContaining(given) }),
  );
});

test.each(["cbor", "msgpack"] as const)("%s keeps whole numbers that JavaScript would round", async (name) => {
  const format = await payloadFormat(name);
  const given = '[18446744073709551615,-9007199254740993,"12345678901234567890",1.5]';
  const printed = '["18446744073709551615","-9007199254740993","12345678901234567890",1.5]';
  expect(text(format.decode(encodePayload(format, bytes(given))))).toBe(printed);
});

test.each<[Plain, string]>([
  ["json", "7b"],
  ["cbor", "a1"],
  ["msgpack", "81"],
])("a payload that is not %s is an error", async (name, payload) => {
  const format = await payloadFormat(name);
  expect(() => format.decode(Buffer.from(payload, "hex"))).toThrow(/./);
});
