import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { payloadBytes } from "./payload-bytes.ts";

const realm = (expression: string): never => runInNewContext(expression) as never;

test("bytes of another realm, a frame's or a test environment's, are bytes", () => {
  for (const expression of ["Uint8Array.of(1, 2)", "Uint8Array.of(0, 1, 2).subarray(1)", "Uint8Array.of(1, 2).buffer"]) {
    const bytes = payloadBytes(realm(expression));
    expect(bytes).toBeInstanceOf(Uint8Array);
    expect([...bytes]).toEqual([1, 2]);
  }
});

test("bytes of this realm are not copied", () => {
  const bytes = Uint8Array.of(1, 2);
  expect(payloadBytes(bytes)).toBe(bytes);
  expect(payloadBytes(bytes.buffer).buffer).toBe(bytes.buffer);
});

test.each([5, null, {}, [1, 2], Uint16Array.of(1), new DataView(new ArrayBuffer(2))])("%j is no payload", (value) => {
  expect(() => payloadBytes(value as never)).toThrow("OPTION_INVALID");
});
