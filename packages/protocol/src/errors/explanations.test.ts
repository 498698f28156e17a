import { expect, test } from "vitest";
import { type ErrorCode, errorCodes } from "./catalogue.ts";
import { type Explanation, explain } from "./explanations.ts";

const codesWhere = (isWrong: (explanation: Explanation) => boolean): readonly ErrorCode[] =>
  errorCodes.filter((code) => isWrong(explain(code)));
const isSentence = (text: string): boolean => /^([A-Z`"'0-9]|macOS|mosquitto|nginx).*[.]$/.test(text);

test("every code of the catalogue is explained", () => {
  expect(codesWhere(({ causes, fixes }) => causes.length === 0 || fixes.length === 0)).toEqual([]);
});

test("causes are sentences, fixes are sentences or commands", () => {
  expect(codesWhere(({ causes, tell }) => ![...causes, ...(tell === undefined ? [] : [tell])].every(isSentence))).toEqual([]);
  expect(codesWhere(({ fixes }) => !fixes.every((fix) => isSentence(fix) || fix.endsWith("`")))).toEqual([]);
});
