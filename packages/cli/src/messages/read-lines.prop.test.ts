import fc from "fast-check";
import { expect, test } from "vitest";
import { readLines } from "./read-lines.ts";

/* However a stream is cut into chunks, its lines are the same, and together they are all of its bytes but the line breaks. */

async function* chunksOf(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  for (let i = 1; i < places.length; i++) yield bytes.subarray(places[i - 1], places[i]);
}

async function linesOf(bytes: Uint8Array, cuts: readonly number[]): Promise<string[]> {
  const lines: string[] = [];
  for await (const some of readLines(chunksOf(bytes, cuts)))
    lines.push(...some.map((line) => Buffer.from(line).toString("latin1")));
  return lines;
}

test("any cut gives the same lines", async () => {
  const byte = fc.oneof(fc.constantFrom(0x0a, 0x0d), fc.integer({ min: 0, max: 255 }));
  await fc.assert(
    fc.asyncProperty(fc.array(byte, { maxLength: 40 }), fc.array(fc.nat()), async (values, cuts) => {
      const bytes = Uint8Array.from(values);
      const text = Buffer.from(bytes).toString("latin1");
      const expected = (text.endsWith("\n") || text === "" ? text.slice(0, -1) : text)
        .split("\n")
        .map((line) => line.replace(/\r$/, ""));
      expect(await linesOf(bytes, cuts)).toEqual(text === "" ? [] : expected);
    }),
  );
});
