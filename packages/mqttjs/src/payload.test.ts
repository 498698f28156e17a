import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import { asBuffer } from "./payload.ts";

// A module of its own, which has not seen the global.
vi.resetModules();
const inAPage = await import("./payload.ts");

afterEach(() => vi.unstubAllGlobals());

/** The payload that a page without a Buffer gets. */
function inPage(bytes: Uint8Array): Buffer {
  vi.stubGlobal("Buffer", undefined);
  const payload = inAPage.asBuffer(bytes);
  vi.unstubAllGlobals();
  return payload;
}

test("with a Buffer it is one, over the same memory", () => {
  const bytes = new Uint8Array([1, 2, 3, 4]).subarray(1, 3);
  const payload = asBuffer(bytes);
  expect(Buffer.isBuffer(payload)).toBe(true);
  bytes[0] = 9;
  expect([...payload]).toEqual([9, 3]);
});

test("without one, texts, comparisons, slices and JSON are those of Buffer", () => {
  const encodings = fc.constantFrom<BufferEncoding>("utf8", "utf-8", "hex", "latin1", "binary", "ascii", "base64", "base64url");
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), encodings, fc.nat(45), fc.nat(45), (bytes, encoding, start, end) => {
      const page = inPage(bytes);
      const node = Buffer.from(bytes);
      expect(page).toBeInstanceOf(Uint8Array);
      expect(page.toString()).toBe(node.toString());
      expect(page.toString(encoding, start, end)).toBe(node.toString(encoding, start, end));
      expect(page.slice(start, end).toString("hex")).toBe(node.subarray(start, end).toString("hex"));
      expect(JSON.stringify(page)).toBe(JSON.stringify(node));
      expect(page.equals(node)).toBe(true);
      expect(page.equals(Buffer.from([...bytes, 0]))).toBe(false);
      expect(`${page}`).toBe(`${node}`);
    }),
  );
});

test("a slice is a view, and of the same kind", () => {
  const page = inPage(new Uint8Array([104, 105, 33]));
  const slice = page.slice(0, 2);
  slice[0] = 72;
  expect(page.toString()).toBe("Hi!");
  expect(slice.toString("hex")).toBe("4869");
});

test("an encoding that is none throws", () => {
  expect(() => inPage(new Uint8Array(1)).toString("utf77" as BufferEncoding)).toThrow("Unknown encoding: utf77");
});
