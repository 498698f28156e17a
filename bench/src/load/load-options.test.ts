import { expect, test } from "vitest";
import { defaultLoadOptions, loadOptionWords, parseLoadOptions } from "./load-options.ts";

test("words and options are two forms of the same", () => {
  const options = { ...defaultLoadOptions, mode: "fanout" as const, n: 50, qos: 2 as const, rate: 5000, label: "a b" };
  expect(parseLoadOptions(loadOptionWords(options))).toEqual(options);
  expect(parseLoadOptions([])).toEqual(defaultLoadOptions);
});

test("a wrong option is named", () => {
  expect(() => parseLoadOptions(["--sise", "3"])).toThrow("--sise");
  expect(() => parseLoadOptions(["--size", "15"])).toThrow("--size takes 16 to 131072");
  expect(() => parseLoadOptions(["--n"])).toThrow("--n");
  expect(() => parseLoadOptions(["--qos", "x"])).toThrow("--qos");
  expect(() => parseLoadOptions(["--mode", "star"])).toThrow("star");
});
