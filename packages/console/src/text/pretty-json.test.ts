import { expect, test } from "vitest";
import { prettyJson } from "./pretty-json.ts";

test("a line for each member, and every token as it was written", () => {
  const text = '{"a":12345678901234567890,"b":[1,{"c":"x: {,}\\\\\\"y"}],"d":{},"e":[ ],"a":null}';
  expect(prettyJson(text)).toBe(
    [
      "{",
      '  "a": 12345678901234567890,',
      '  "b": [',
      "    1,",
      "    {",
      '      "c": "x: {,}\\\\\\"y"',
      "    }",
      "  ],",
      '  "d": {},',
      '  "e": [],',
      '  "a": null',
      "}",
    ].join("\n"),
  );
});

test.each(['{"a":[1,2,{"b":[]}],"c":"\\u00fc"}', "[]", "[[1],[2]]", '"text"', "-1.5e3", " true ", '{"x":{"y":{}}}'])(
  "%s means the same as before",
  (text) => expect(JSON.parse(prettyJson(text) ?? "")).toEqual(JSON.parse(text)),
);

test("what is no JSON is left alone", () => {
  for (const text of ["", "21.5 C", "{", '{"a":1}x', "NaN"]) expect(prettyJson(text)).toBeUndefined();
});
