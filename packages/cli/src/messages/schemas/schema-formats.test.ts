import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CommandLine } from "../../command-line.ts";
import { encodePayload } from "../payload-format.ts";
import type { PayloadFormat } from "../payload-coding.ts";
import { formatOf } from "./schema-options.ts";

let folder = "";
const file = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "bowline-schemas-"));
  mkdirSync(file("parts"));
  writeFileSync(join(folder, "..", `${folder.split("/").at(-1)}.outside.proto`), 'syntax = "proto3"; message Outside {}');
  for (const [name, text] of Object.entries(FILES))
    writeFileSync(file(name), typeof text === "string" ? text : JSON.stringify(text));
  symlinkSync(`${folder}.outside.proto`, file("link.proto"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  rmSync(`${folder}.outside.proto`);
});

const FILES: Readonly<Record<string, string | object>> = {
  "reading.proto": `syntax = "proto3";
    package lab;
    import "parts/unit.proto";
    import "google/protobuf/timestamp.proto";
    message Reading {
      string sensor_name = 1;
      double value = 2;
      int64 total = 3;
      bytes raw = 4;
      lab.parts.Unit unit = 5;
      google.protobuf.Timestamp at = 6;
      map<string, int32> counts = 7;
      Reading before = 8;
      oneof place { string room = 9; uint32 floor = 10; }
    }`,
  "parts/unit.proto": 'syntax = "proto3"; package lab.parts; import "parts/name.proto"; enum Unit { NONE = 0; CELSIUS = 1; }',
  "parts/name.proto":
    'syntax = "proto3"; package lab.parts; import "google/protobuf/descriptor.proto"; import "unit.proto"; message Name {}',
  "two.proto":
    'syntax = "proto2"; message A { required int32 x = 1; } message B { message C {} repeated A a = 1; map<string, A> m = 2; }',
  "escape.proto": 'syntax = "proto3"; import "../passwd.proto";',
  "absolute.proto": 'syntax = "proto3"; import "/etc/hostname";',
  "linked.proto": 'syntax = "proto3"; import "link.proto";',
  "broken.proto": "message {",
  "reading.avsc": {
    type: "record",
    name: "Reading",
    namespace: "lab",
    fields: [
      { name: "sensor", type: "string" },
      { name: "value", type: ["null", "double"] },
      { name: "total", type: "long", default: 7 },
      { name: "raw", type: { type: "fixed", name: "Raw", size: 2 }, default: "\u0000\u00ff" },
      { name: "unit", type: { type: "enum", name: "Unit", symbols: ["NONE", "CELSIUS"] }, default: "NONE" },
      { name: "counts", type: { type: "map", values: "int" }, default: {} },
      { name: "list", type: { type: "array", items: ["null", "Reading"] }, default: [] },
    ],
  },
  "wrong.avsc": { type: "record", name: "x", fields: [{ name: "a", type: "nothing" }] },
};

function format(path: string, options: Readonly<Record<string, string>> = {}): Promise<PayloadFormat> {
  return formatOf(new CommandLine([], { schema: file(path), ...options }));
}
const encoded = (one: PayloadFormat, value: unknown): Uint8Array => encodePayload(one, Buffer.from(JSON.stringify(value)));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("protobuf", () => {
  const value = {
    sensorName: "a",
    value: 1.5,
    total: "9007199254740993",
    raw: "AP8=",
    unit: "CELSIUS",
    at: "2026-01-02T03:04:05.250Z",
    counts: { x: 1 },
    room: "lab",
  };

  test("ProtoJSON comes back as it was given, with what is imported", async () => {
    const one = await format("reading.proto");
    expect(one.value(encoded(one, value))).toEqual(value);
    expect(one.decode(encoded(one, value))).toBe(JSON.stringify(one.value(encoded(one, value))));
    expect(hex(encoded(one, { sensor_name: "a" }))).toBe("0a0161");
    // What a newer publisher adds is passed over.
    expect(one.decode(Buffer.from("0a016178017a0162", "hex"))).toBe('{"sensorName":"a"}');
  });

  test("numbers are sent as they were written, whatever JavaScript can hold", async () => {
    const text = '{"total":9007199254740993}';
    const one = await format("reading.proto");
    expect(one.value(encodePayload(one, Buffer.from(text)))).toEqual({ total: "9007199254740993" });
    const other = await format("reading.avsc");
    const given = '{"sensor":"a","value":100000000000000000000,"total":-9007199254740993}';
    expect(other.value(encodePayload(other, Buffer.from(given)))).toMatchObject({
      value: { double: 1e20 },
      total: "-9007199254740993",
    });
  });

  test("a key that means something to JavaScript is a key", async () => {
    const text = (await format("reading.proto")).decode(Buffer.from("3a0d0a095f5f70726f746f5f5f1005", "hex"));
    expect(text).toBe('{"counts":{"__proto__":5}}');
    expect(({} as Record<string, unknown>)["counts"]).toBeUndefined();
  });

  test("the message is the only one, or named by the end of its name", async () => {
    expect((await format("two.proto", { "schema-type": "A" })).value(Buffer.from("0805", "hex"))).toEqual({ x: 5 });
    expect((await format("two.proto", { "schema-type": "B.C" })).value(Buffer.alloc(0))).toEqual({});
    expect((await format("reading.proto", { "schema-type": "lab.parts.Name" })).name).toBe("protobuf");
    for (const options of [{}, { "schema-type": "D" }])
      await expect(format("two.proto", options)).rejects.toMatchObject({
        code: "USAGE",
        message: expect.stringContaining("there are A, B"),
      });
  });

  test.each([
    { nothing: 1 },
    { value: "many" },
    { total: 1.5 },
    { total: "9223372036854775808" },
    { unit: "KELVIN" },
    { raw: "a*" },
    { at: "yesterday" },
    { room: "a", floor: 1 },
    { counts: { x: "y" } },
    [1],
  ])("%j is refused before it is sent", async (wrong) => {
    const one = await format("reading.proto");
    expect(() => encoded(one, wrong)).toThrow(expect.objectContaining({ code: "USAGE" }));
  });

  test("what lacks a required field is refused on both ways", async () => {
    const one = await format("two.proto", { "schema-type": "A" });
    expect(() => encoded(one, {})).toThrow("A.x is missing");
    expect(() => one.value(Buffer.alloc(0))).toThrow(/./);
    const around = await format("two.proto", { "schema-type": "B" });
    for (const part of [{ a: [{ x: 1 }, {}] }, { m: { k: {} } }]) expect(() => encoded(around, part)).toThrow(".x is missing");
    expect(hex(encoded(around, { a: [{ x: 1 }] }))).toBe("0a020801");
  });

  test("a hostile payload is an error: cut, too long, nested without end", async () => {
    const one = await format("reading.proto");
    for (const bytes of ["0a05", "0aff", "ffffffffffffffffffffff01", "0affffffff0f61", "0a02c328", "00"])
      expect(() => one.value(Buffer.from(bytes, "hex")), bytes).toThrow(/./);
    let nested = Buffer.alloc(0);
    for (let i = 0; i < 5_000; i++) nested = Buffer.concat([Buffer.from([0x42]), varint(nested.length), nested]);
    expect(() => one.value(nested)).toThrow(/depth/);
  });

  test.each([
    ["escape.proto", "is not in"],
    ["absolute.proto", "is not in"],
    ["linked.proto", "is not in"],
    ["broken.proto", "broken.proto"],
    ["missing.proto", "cannot be read"],
  ])("%s is told", async (name, text) => {
    await expect(format(name)).rejects.toMatchObject({ code: "OPTION_INVALID", message: expect.stringContaining(text) });
  });

  test("imports from a folder above need it named", async () => {
    await expect(format("parts/unit.proto")).rejects.toMatchObject({ code: "OPTION_INVALID" });
    const options = { "schema-root": folder, "schema-type": "Name" };
    expect((await format("parts/unit.proto", options)).name).toBe("protobuf");
  });
});

function varint(value: number): Buffer {
  return value < 0x80 ? Buffer.from([value]) : Buffer.concat([Buffer.from([(value & 0x7f) | 0x80]), varint(value >>> 7)]);
}

describe("avro", () => {
  const before = { sensor: "b", value: null, total: -1, raw: "ab", unit: "NONE", counts: {}, list: [] };
  const value = {
    sensor: "a",
    value: { double: 1.5 },
    total: "9007199254740993",
    raw: "\u0000\u00ff",
    unit: "CELSIUS",
    counts: { x: 1, y: -2 },
    list: [null, { "lab.Reading": before }],
  };

  test("Avro's JSON comes back as it was given", async () => {
    const one = await format("reading.avsc");
    expect(one.value(encoded(one, value))).toEqual(value);
    // By hand: "a", branch 1 and 1.5, 7, 00ff, symbol 0, no entries, no items.
    expect(hex(encoded(one, { sensor: "a", value: 1.5 }))).toBe("026102000000000000f83f0e00ff000000");
    expect(encoded(one, { ...value, value: 1.5, list: [null, before] })).toEqual(encoded(one, value));
  });

  test.each([
    [{ sensor: "a" }, "value is missing"],
    [{ sensor: "a", value: null, other: 1 }, "other is no field"],
    [{ sensor: 1, value: null }, "sensor must be a string"],
    [{ sensor: "a", value: "x" }, "value must be null or double"],
    [{ sensor: "a", value: null, total: 1.5 }, "total must be a long"],
    [{ sensor: "a", value: null, total: 2 ** 64 }, "total must be a long"],
    [{ sensor: "a", value: null, total: "9223372036854775808" }, "total must be a long"],
    [{ sensor: "a", value: null, raw: "a" }, "raw must have 2 bytes"],
    [{ sensor: "a", value: null, raw: "a\u0100" }, "raw must be bytes"],
    [{ sensor: "a", value: null, unit: "KELVIN" }, "unit must be one of NONE, CELSIUS"],
    [{ sensor: "a", value: null, counts: { x: 2 ** 31 } }, "counts.x must be an int"],
    [{ sensor: "a", value: null, list: [{ ...before, sensor: 1 }] }, "list[0] must be"],
    [[], "the value must be an object"],
  ])("%j is refused before it is sent", async (wrong, text) => {
    const one = await format("reading.avsc");
    expect(() => encoded(one, wrong)).toThrow(expect.objectContaining({ code: "USAGE", message: expect.stringContaining(text) }));
  });

  test.each([
    ["0261", "too early"],
    ["ff".repeat(11), "longer than 10 bytes"],
    // A billion items, and as many bytes, announced in a few.
    ["0261000e00ff0000feffffffffff7f", "do not fit"],
    ["feffffffffff7f61", "do not fit"],
    ["026104", "out of its range"],
    ["02ff00", ""],
    ["0261000e00ff00000000", "are left"],
    [`${"0261000e00ff000002".padEnd(18)}02`.repeat(3_000), "deeper"],
  ])("the hostile payload %.40s is an error", async (bytes, text) => {
    const one = await format("reading.avsc");
    expect(() => one.value(Buffer.from(bytes.replaceAll(" ", ""), "hex"))).toThrow(text);
  });

  test("a wrong schema is told", async () => {
    await expect(format("wrong.avsc")).rejects.toMatchObject({
      code: "OPTION_INVALID",
      message: expect.stringContaining("nothing"),
    });
    await expect(format("broken.proto", { format: "avro" })).rejects.toMatchObject({ code: "OPTION_INVALID" });
    await expect(format("none.avsc")).rejects.toMatchObject({ code: "OPTION_INVALID" });
  });
});

test("a schema belongs to its formats, and they to it", async () => {
  for (const values of [{ format: "protobuf" }, { format: "avro" }, { format: "json", schema: "x.proto" }, { schema: "x.txt" }])
    await expect(formatOf(new CommandLine([], values))).rejects.toMatchObject({ code: "USAGE" });
});
