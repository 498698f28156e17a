import avro from "avsc";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeAvro } from "./avro-decode.ts";
import { encodeAvro } from "./avro-encode.ts";

/* What the package writes ours reads, and the other way round; and whatever bytes come, there is a value or an error, soon. */

const schema: avro.Schema = {
  type: "record",
  name: "Node",
  fields: [
    { name: "flag", type: "boolean" },
    { name: "int", type: "int" },
    { name: "long", type: "long" },
    { name: "double", type: "double" },
    { name: "text", type: "string" },
    { name: "raw", type: "bytes" },
    { name: "kind", type: { type: "enum", name: "Kind", symbols: ["A", "B", "C"] } },
    { name: "four", type: { type: "fixed", name: "Four", size: 4 } },
    { name: "choice", type: ["null", "string", "long", { type: "array", items: "string" }] },
    { name: "counts", type: { type: "map", values: "long" } },
    { name: "below", type: { type: "array", items: "Node" } },
  ],
};
const type = avro.Type.forSchema(schema, { wrapUnions: true });

const latin1 = (options: { minLength?: number; maxLength: number }): fc.Arbitrary<string> =>
  fc.array(fc.integer({ min: 0, max: 255 }), options).map((codes) => String.fromCharCode(...codes));
// Beyond that the package has no long.
const long = fc.integer({ min: -(2 ** 52) + 1, max: 2 ** 52 - 1 });
const text = fc.string({ unit: "grapheme", maxLength: 8 });
const { node } = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.record({
    flag: fc.boolean(),
    int: fc.integer(),
    long,
    double: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
    text,
    raw: latin1({ maxLength: 9 }),
    kind: fc.constantFrom("A", "B", "C"),
    four: latin1({ minLength: 4, maxLength: 4 }),
    choice: fc.oneof(
      fc.constant(null),
      text.map((string) => ({ string })),
      fc.record({ long }),
      fc.array(text, { maxLength: 3 }).map((array) => ({ array })),
    ),
    counts: fc.dictionary(text, long, { maxKeys: 3 }),
    below: fc.oneof({ maxDepth: 2 }, fc.constant([]), fc.array(tie("node"), { maxLength: 2 })),
  }),
}));

test("values are encoded as the package does, and come back", () => {
  fc.assert(
    fc.property(node, (value) => {
      const bytes = encodeAvro(type, value);
      expect(Buffer.from(bytes)).toEqual(type.toBuffer(type.fromString(JSON.stringify(value))));
      expect(JSON.parse(JSON.stringify(decodeAvro(type, bytes)))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
    { numRuns: 40 },
  );
});

test("any bytes are a value or an error", () => {
  const small = fc.uint8Array({ maxLength: 60 });
  // A message with some bytes changed gets further than noise.
  const changed = fc.tuple(node, fc.nat(), fc.uint8Array({ maxLength: 12 })).map(([value, at, bytes]) => {
    const message = Buffer.from(encodeAvro(type, value));
    message.set(bytes.subarray(0, Math.max(0, message.length - (at % message.length))), at % message.length);
    return message;
  });
  fc.assert(
    fc.property(fc.oneof(small, changed), (bytes) => {
      try {
        JSON.stringify(decodeAvro(type, bytes));
      } catch (error) {
        expect((error as Error).message).not.toBe("");
      }
    }),
    { numRuns: 100 },
  );
});
