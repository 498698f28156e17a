import { expect, test } from "vitest";
import { dropUnusedMembers } from "./drop-unused-members.ts";

const members = new Set(["used", "unused", "inner", "taken", "getter"]);

test("a method that nothing names goes, and then what only it called", () => {
  const [text] = dropUnusedMembers(["class A { unused() { this.inner(); } inner() {} used() {} } new A().used();"], members);
  expect(text?.replace(/ +/g, " ")).toBe("class A { used() {} } new A().used();");
});

test("what another file of the bundle names stays", () => {
  const a = "class A { used() {} taken() {} get getter() { return 1; } }";
  const [text] = dropUnusedMembers([a, "x.used(); const { taken, getter } = x;"], members);
  expect(text).toBe(a);
});

test("what somebody else may know stays, and no position moves", () => {
  const a = "class A { close() {} unused() {} } // end";
  const [text] = dropUnusedMembers([a], members);
  expect(text).toBe("class A { close() {}             } // end");
});
