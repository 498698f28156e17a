import { expect, test } from "vitest";
import { refusalWords } from "./refusal-words.ts";

test.each([
  ["BAD_CREDENTIALS: the name is wrong", "BAD_CREDENTIALS", "the name is wrong"],
  ["NOT_AUTHORIZED: not allowed: AWS_PRINCIPAL_ID: it has a /", "AWS_PRINCIPAL_ID", "it has a /"],
  ["NOT_AUTHORIZED: not allowed: no right to a/b", "AWS_NO_CONNECT", "not allowed: no right to a/b"],
  ["rule 1 denies A: b", "NOT_AUTHORIZED", "rule 1 denies A: b"],
])("%s has its code once", (reason, code, words) => {
  expect(refusalWords(reason, code)).toBe(words);
});
