import { expect, test } from "vitest";
import { numbersOf, numbersToBytes } from "./message-numbers.ts";

const payload = Buffer.from("a payload");
const numbers = { timeNs: 123_456_789.5, publisher: 7, sequence: 0xffff_ffff };

test("numbers are read as they were written", () => {
  expect(numbersOf(numbersToBytes(numbers, payload), payload)).toEqual(numbers);
});

test("Correlation Data of others, a payload that was changed, and none at all are no numbers", () => {
  const bytes = numbersToBytes(numbers, payload);
  expect(numbersOf(bytes, Buffer.from("a Payload"))).toBeUndefined();
  expect(numbersOf(bytes.subarray(1), payload)).toBeUndefined();
  expect(numbersOf(new Uint8Array(bytes.length), payload)).toBeUndefined();
  expect(numbersOf(undefined, payload)).toBeUndefined();
});
