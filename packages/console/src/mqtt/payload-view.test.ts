import { expect, test } from "vitest";
import { viewPayload } from "./payload-view.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

test("UTF-8 is text, markup and all", () => {
  expect(viewPayload(utf8("<b>ä</b>\nnext"), "text", false)).toEqual({ kind: "text", text: "<b>ä</b>\nnext" });
});

test("other bytes, and text when asked, are a hex dump", () => {
  expect(viewPayload(Uint8Array.of(0xff, 0x41), "text", false).text).toMatch(/^0000 {2}ff 41 +·A$/);
  expect(viewPayload(Uint8Array.of(0, 0x41), "text", false).kind).toBe("hex");
  expect(viewPayload(utf8("A".repeat(17)), "hex", false).text.split("\n")).toHaveLength(2);
});

test("JSON is indented when asked for, and what is none stays as it is", () => {
  expect(viewPayload(utf8('{"a":1}'), "json", false).text).toBe('{\n  "a": 1\n}');
  expect(viewPayload(utf8("21.5 C"), "json", false)).toEqual({ kind: "text", text: "21.5 C" });
  expect(viewPayload(Uint8Array.of(0xff), "json", false).kind).toBe("hex");
});

test("a character that was cut at the end does not make text hex", () => {
  for (const character of ["ä", "€", "😀"]) {
    const all = utf8(`abc${character}`);
    for (let end = 4; end < all.length; end++) {
      expect(viewPayload(all.subarray(0, end), "text", true)).toEqual({ kind: "text", text: "abc" });
    }
    expect(viewPayload(all, "text", true)).toEqual({ kind: "text", text: `abc${character}` });
  }
});

test("marks that reorder or hide text are written out", () => {
  expect(viewPayload(utf8("a\u202eb\u200bc"), "text", false).text).toBe("a\\u{202e}b\\u{200b}c");
});

test("nothing is called empty", () => {
  expect(viewPayload(new Uint8Array(), "hex", false)).toEqual({ kind: "empty", text: "" });
});
