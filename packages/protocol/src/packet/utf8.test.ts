import { expect, test } from "vitest";
import { decodeText, hasLoneSurrogate, isText, isWellFormed, putPlainText, scanText } from "./utf8.ts";

/** Bytes at which the rules of table 3-7 of the Unicode standard change. */
const borders = [
  0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf4,
  0xf5,
];
const oracle = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decodes(bytes: Uint8Array): boolean {
  try {
    oracle.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

test("[MQTT-1.5.4-1] well-formed is what a fatal decoder takes, for every sequence of border bytes up to four", () => {
  const wrong: string[] = [];
  const check = (bytes: number[]): void => {
    const array = Uint8Array.from(bytes);
    if (isWellFormed(array, 0, array.length) !== decodes(array)) wrong.push(bytes.join(" "));
    if (bytes.length === 4) return;
    for (const byte of borders) check([...bytes, byte]);
  };
  check([]);
  expect(wrong).toEqual([]);
});

test("nothing outside the range is looked at", () => {
  const bytes = Uint8Array.of(0x80, 0x61, 0xc3, 0xa9, 0xff);
  expect(isText(bytes, 1, 4)).toBe(true);
  expect(isText(bytes, 1, 3)).toBe(false);
  expect(scanText(bytes, 1, 2)).toBe(0);
  expect(decodeText(bytes, 1, 4)).toBe("aé");
});

test("[MQTT-1.5.4-2] U+0000 is no text", () => {
  expect(isText(Uint8Array.of(0x61, 0x00), 0, 2)).toBe(false);
});

test("[MQTT-1.5.4-3] U+FEFF is a character like others", () => {
  expect(decodeText(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61), 0, 4)).toBe("\uFEFFa");
});

test("half a surrogate pair is found wherever it stands", () => {
  const lone = ["\ud800", "a\udc00", "\ud800a", "\udc00\ud800", "🐙\ud83d", "\ud83d\ud83d\udc19"];
  expect(lone.filter(hasLoneSurrogate)).toEqual(lone);
  expect(["", "a", "é", "🐙", "\ue000", "🐙🐙"].filter(hasLoneSurrogate)).toEqual([]);
});

test("plain text is ASCII without U+0000 and wildcards", () => {
  const target = new Uint8Array(8);
  expect(["é", "a#", "+", "\0", "\u0123"].filter((text) => putPlainText(target, 0, text))).toEqual([]);
  expect(putPlainText(target, 1, "a/$b")).toBe(true);
  expect(Array.from(target.subarray(1, 5))).toEqual([0x61, 0x2f, 0x24, 0x62]);
});
