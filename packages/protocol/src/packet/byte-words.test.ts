import * as fc from "fast-check";
import { expect, test } from "vitest";
import { sameBytes, viewOf } from "./byte-words.ts";

test("two spans are the same when all their bytes are, at any size and alignment", () => {
  const span = fc.uint8Array({ maxLength: 70 });
  fc.assert(
    fc.property(span, fc.nat(7), fc.nat(7), fc.nat(69), (bytes, before, after, changed) => {
      const one = new Uint8Array([...new Uint8Array(before).fill(1), ...bytes, 2]);
      const other = new Uint8Array([...new Uint8Array(after).fill(3), ...bytes, 4]);
      const isSame = (size: number): boolean =>
        sameBytes(viewOf(one), before, before + bytes.length, new DataView(other.buffer), after, after + size);
      expect(isSame(bytes.length)).toBe(true);
      expect(isSame(bytes.length + 1)).toBe(false);
      other[after + changed]! ^= 0x80;
      expect(isSame(bytes.length)).toBe(changed >= bytes.length);
    }),
  );
});

test("a view has the offsets of its array, also inside a larger buffer", () => {
  const pool = new Uint8Array([9, 9, 1, 2, 3, 9]);
  const part = pool.subarray(2, 5);
  expect(viewOf(part).getUint8(0)).toBe(1);
  expect(viewOf(part)).toBe(viewOf(part));
  expect(viewOf(pool).getUint8(0)).toBe(9);
});
