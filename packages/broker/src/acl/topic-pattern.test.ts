import { expect, test } from "vitest";
import { responseInformationFor } from "./response-information.ts";
import { bindPattern, patternFault } from "./topic-pattern.ts";

test.each([
  "a/b",
  "#",
  "+/x/#",
  "${clientid}",
  "a/${username}/#",
  "eq a/+/#",
  "eq ${clientid}/#",
  "${client_attrs.site}/+",
  "$SYS/#",
  "a b",
])("%s is a topic of a rule", (pattern) => {
  expect(patternFault(pattern)).toBeUndefined();
});

test.each([
  ["", "at least one character"],
  ["a/#/b", "#"],
  ["a/b+", "+"],
  ["a/${clientid}b", "whole level"],
  ["${clientid", "whole level"],
  ["a/${user}", "not known"],
  ["a/${client_attrs.}", "not known"],
  ["$share/g/a", "ShareName"],
  ["eq ", "at least one character"],
])("%s is none", (pattern, words) => {
  expect(patternFault(pattern)?.toLowerCase()).toContain(words.toLowerCase());
});

const who = { clientIdentifier: "c1", owner: "ann", attributes: { site: "north" } };

test.each([
  ["a/${clientid}/+", "a/c1/+"],
  ["${username}", "ann"],
  ["${client_attrs.site}/${client_attrs.site}", "north/north"],
  ["plain/#", "plain/#"],
])("%s becomes %s", (pattern, topicFilter) => {
  expect(bindPattern(pattern, who)).toEqual({ isLiteral: false, topicFilter });
});

test("the Response Information of a client is a topic of its own", () => {
  const topicFilter = `${responseInformationFor(who)}/#`;
  expect(bindPattern("response/${responseid}/#", who)).toEqual({ isLiteral: false, topicFilter });
  expect(topicFilter).toMatch(/^response\/[\w-]{22}\/#$/);
});

test("eq keeps its text", () => {
  expect(bindPattern("eq a/+", who)).toEqual({ isLiteral: true, topicFilter: "a/+" });
  expect(bindPattern("eq ${clientid}/#", who)).toEqual({ isLiteral: true, topicFilter: "c1/#" });
});

test.each(["+", "#", "a/b", "/", "x+", "#x", "", "\0"])("a value %j matches nothing", (value) => {
  expect(bindPattern("a/${clientid}", { ...who, clientIdentifier: value })).toBeUndefined();
  expect(bindPattern("eq a/${username}", { ...who, owner: value })).toBeUndefined();
});

test("a value does not begin a topic with $, and one that is missing matches nothing", () => {
  expect(bindPattern("${clientid}/x", { ...who, clientIdentifier: "$SYS" })).toBeUndefined();
  expect(bindPattern("x/${clientid}", { ...who, clientIdentifier: "$SYS" })).toBeDefined();
  expect(bindPattern("${client_attrs.constructor}", who)).toBeUndefined();
  expect(bindPattern("${client_attrs.site}", { clientIdentifier: "c", owner: "o" })).toBeUndefined();
});
