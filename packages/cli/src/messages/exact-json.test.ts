import fc from "fast-check";
import { expect, test } from "vitest";
import { exactJson } from "./exact-json.ts";

test("whole numbers that JavaScript would round are bigints, and nothing else changes", () => {
  expect(exactJson("[9007199254740991,9007199254740992,-18446744073709551615,1e30,1.2345678901234567890]")).toEqual([
    9007199254740991,
    9007199254740992n,
    -18446744073709551615n,
    1e30,
    1.2345678901234567,
  ]);
  const text = '{"12345678901234567890":"\\"12345678901234567890\\\\","a":[{"b":-12345678901234567890}]}';
  expect(exactJson(text)).toEqual({
    "12345678901234567890": '"12345678901234567890\\',
    a: [{ b: -12345678901234567890n }],
  });
  expect(() => exactJson("[12345678901234567890")).toThrow(SyntaxError);
});

test("any JSON is what it was", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify([value, "1234567890123456"]);
      const rounded = JSON.stringify(exactJson(text), (_key, each: unknown) => (typeof each === "bigint" ? Number(each) : each));
      expect(JSON.parse(rounded)).toEqual(JSON.parse(text));
    }),
  );
});
