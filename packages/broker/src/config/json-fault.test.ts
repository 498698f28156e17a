import { expect, test } from "vitest";
import { jsonFault } from "./json-fault.ts";
import { parseConfigText } from "./parse-config-text.ts";

test.each(["{}", ' [1, -0.5e+3, true, false, null, "a\\u00e4\\n", {"a": {"b": []}}] ', '\ufeff{"a":\t1}\r\n', '"text"'])(
  "%j is JSON",
  (text) => {
    expect(jsonFault(text)).toBeUndefined();
  },
);

test.each([
  ["", 0, "the file ends too early: a value"],
  ['{"a": 1', 7, "the file ends too early: a comma or } is expected"],
  ['{"a": 1 "b": 2}', 8, "a comma or } is expected"],
  ['{"a": 1,}', 8, "no comma may stand before }"],
  ["[1,]", 3, "no comma may stand before ]"],
  ['// ours\n{"a": 1}', 0, "JSON has no comments"],
  ['{"a": 1, # ours\n"b": 2}', 9, "JSON has no comments"],
  ["{a: 1}", 1, "a key in double quotes"],
  ["{'a': 1}", 1, "a key in double quotes"],
  ['{"a" 1}', 5, "a colon is expected"],
  ['{"a": yes}', 6, "a value is expected: text stands in double quotes"],
  ['{"a": truely}', 10, "a value is expected"],
  ['{"a": 01}', 7, "a value is expected"],
  ['{"a": "b}', 6, "the text that begins here has no end"],
  ['{"a": "b\nc"}', 6, "the text that begins here has no end"],
  ["{} // comment", 3, "JSON has no comments"],
  ["[".repeat(1_000), 101, "nested too deeply"],
])("%j is none: at %i, %s", (text, offset, words) => {
  expect(jsonFault(text)).toMatchObject({ offset, words: expect.stringContaining(words) as string });
  expect(() => JSON.parse(text) as unknown).toThrow("JSON");
});

test("a .json file is told in the words of JSON, with line and column; a YAML file may be what it likes", () => {
  const text = '{\n\t"log": {"level": "info"},\n\t"memory": true,\n}\n';
  expect(() => parseConfigText(text, "bad.json")).toThrow("bad.json:4:1: this is no JSON: no comma may stand before }");
  expect(parseConfigText(text, "good.yaml").value).toEqual({ log: { level: "info" }, memory: true });
  expect(() => parseConfigText('{"data": "x", "data": "y"}', "bad.json")).toThrow("bad.json:1:15: this key stands there twice");
});
