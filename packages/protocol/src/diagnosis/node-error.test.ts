import { expect, test } from "vitest";
import { errorFactsOf, findError } from "./node-error.ts";

const refused = (address: string): Error =>
  Object.assign(new Error(`connect ECONNREFUSED ${address}:1883`), {
    code: "ECONNREFUSED",
    syscall: "connect",
    address,
    port: 1883,
  });

test("the errors inside an AggregateError come before it", () => {
  const joined = Object.assign(new AggregateError([refused("::1"), refused("127.0.0.1")]), { code: "ECONNREFUSED" });
  const facts = errorFactsOf(joined);
  expect(facts.map((fact) => fact.address)).toEqual(["::1", "127.0.0.1", undefined]);
  expect(facts[0]).toEqual({
    name: "Error",
    code: "ECONNREFUSED",
    syscall: "connect",
    message: "connect ECONNREFUSED ::1:1883",
    address: "::1",
    port: 1883,
  });
});

test("a cause comes before what wraps it", () => {
  const facts = errorFactsOf(new Error("fetch failed", { cause: refused("::1") }));
  expect(facts.map((fact) => fact.message)).toEqual(["connect ECONNREFUSED ::1:1883", "fetch failed"]);
});

test("rings, long lists and odd values end", () => {
  const ring = new Error("ring");
  ring.cause = ring;
  expect(errorFactsOf(ring).length).toBeLessThan(8);
  expect(errorFactsOf(new AggregateError(Array.from({ length: 1000 }, () => refused("::1")))).length).toBeLessThan(20);
  expect(errorFactsOf("text")).toEqual([{ message: "text" }]);
  expect(errorFactsOf(undefined)).toEqual([]);
  expect(errorFactsOf({ code: 7, message: "" })).toEqual([{}]);
});

test("a pattern is looked for in code and message alike", () => {
  const facts = errorFactsOf(refused("::1"));
  expect(findError(facts, /ECONNREFUSED/)).toBe(facts[0]);
  expect(findError(facts, /ETIMEDOUT/)).toBeUndefined();
  expect(findError(undefined, /x/)).toBeUndefined();
});
