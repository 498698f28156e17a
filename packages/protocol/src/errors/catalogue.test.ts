import { expect, test } from "vitest";
import { type ErrorCode, errorCodes, type ErrorInfo, errorInfo, isErrorCode, isRetryable } from "./catalogue.ts";
import { commonRows } from "./common-rows.ts";
import { diagnosedRows } from "./diagnosed-rows.ts";
import { hostRows } from "./host-catalogue.ts";
import * as page from "./page-catalogue.ts";
import { remedies } from "./remedies.ts";

const infos = errorCodes.map(errorInfo);
const codesWhere = (isWrong: (info: ErrorInfo) => boolean): readonly ErrorCode[] => infos.filter(isWrong).map((info) => info.code);

test("codes are upper case words, and no code stands in two tables", () => {
  expect(codesWhere(({ code }) => !/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/.test(code))).toEqual([]);
  expect(new Set(errorCodes).size).toBe(errorCodes.length);
  expect(errorCodes).toEqual(Object.keys(hostRows));
});

test("titles are unique, one line, and continue the code", () => {
  expect(codesWhere(({ code, title }) => infos.some((other) => other.code !== code && other.title === title))).toEqual([]);
  expect(codesWhere(({ title }) => !/^[^\s].{3,78}[^\s.]$/.test(title) || /^[A-Z][a-z]/.test(title))).toEqual([]);
});

test("a remedy is one imperative sentence", () => {
  expect(codesWhere(({ remedy }) => !/^[A-Z][a-z]+[ ,:;].{2,88}\.$/.test(remedy))).toEqual([]);
  expect(codesWhere(({ remedy }) => /\.\s/.test(remedy))).toEqual([]);
  // It says what to do, and not what is.
  expect(codesWhere(({ remedy }) => /^(The|An|It|This|That|You|Your|There|No|Not|Is|Are|Because|If|When)\b/.test(remedy))).toEqual(
    [],
  );
});

test("what the caller did wrong is never repeated blindly", () => {
  const isInput = ({ code, source, stage }: ErrorInfo): boolean =>
    source === "usage" && stage === "input" && !code.startsWith("CREDENTIALS");
  expect(codesWhere((info) => isInput(info) && isRetryable(info.retry))).toEqual([]);
});

test("a code is told from other texts", () => {
  expect(isErrorCode("TLS_EXPIRED")).toBe(true);
  expect(isErrorCode("tls_expired")).toBe(false);
  expect(isErrorCode("toString")).toBe(false);
});

test("a page carries the classes of the common rows, and nothing else", () => {
  const classes = Object.entries(commonRows).map(([code, row]) => [code, row.slice(0, 3)]);
  expect(page.hostRows).toEqual(Object.fromEntries(classes));
  expect(page.remedies).toEqual({});
});

test("what stands in a table of its own has its remedy there", () => {
  expect(Object.keys(remedies).toSorted()).toEqual(Object.keys({ ...commonRows, ...diagnosedRows }).toSorted());
});
