import { expect, test } from "vitest";
import { crc32c } from "./crc32c.ts";

test("agrees with the published check values of CRC-32C", () => {
  expect(crc32c(0, Buffer.from("123456789"))).toBe(0xe3069283);
  expect(crc32c(0, Buffer.alloc(32))).toBe(0x8a9136aa);
  expect(crc32c(0, Buffer.alloc(32, 0xff))).toBe(0x62a8ab43);
  expect(crc32c(0, Buffer.from(Array.from({ length: 32 }, (_, index) => index)))).toBe(0x46dd794e);
  expect(crc32c(0, Buffer.alloc(0))).toBe(0);
});

test("continues where it stopped, at every split", () => {
  const bytes = Buffer.from("the quick brown fox jumps over the lazy dog");
  const whole = crc32c(0, bytes);
  for (let split = 0; split <= bytes.length; split++) expect(crc32c(crc32c(0, bytes, 0, split), bytes, split)).toBe(whole);
});
