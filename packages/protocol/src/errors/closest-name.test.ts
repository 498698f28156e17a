import { expect, test } from "vitest";
import { closestName } from "./closest-name.ts";

const known = ["data", "memory", "listen", "allowPlaintext", "TCP_REFUSED", "TCP_TIMEOUT"];

test.each([
  ["datta", "data"],
  ["dtaa", "data"],
  ["LISTEN", "listen"],
  ["allowPlainText", "allowPlaintext"],
  ["allow-plaintext", "allowPlaintext"],
  ["tcp_refsued", "TCP_REFUSED"],
  ["colour", undefined],
  ["x", undefined],
  ["", undefined],
])("%s stands for %s", (typed, name) => {
  expect(closestName(typed, known)).toBe(name);
});
