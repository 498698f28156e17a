import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Criterion } from "../criteria/criterion.ts";
import { checkCriteria } from "./check-criteria.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "criteria-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function check(criteria: readonly Partial<Criterion>[], tests: string, update = true): readonly string[] {
  const all = criteria.map((each) => ({ id: "A1", statement: "It holds.", parts: ["client"], ...each }));
  const files = { "spec/criteria.json": JSON.stringify(all), "testkit/src/a.test.ts": tests, "docs/criteria.md": "old" };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return checkCriteria({ base: folder, update }).findings;
}

const both = 'test("[A1 client] [A1 client mosquitto] holds", () => {});';

test("a cell needs a test or a reason, and not both", () => {
  expect(check([{}], both)).toEqual([]);
  expect(check([{}], 'test("[A1 client] holds")')).toEqual(["[A1 client mosquitto] has neither a test nor a reason: It holds."]);
  expect(check([{ without: { mosquitto: "it cannot" } }], "// covers: [A1 client]")).toEqual([]);
  expect(check([{ without: { "client mosquitto": "it cannot" } }], both)).toEqual([
    "[A1 client mosquitto] has a test and a reason why it has none",
  ]);
});

test("a reason for brokers leaves the test with a scripted server, one for a part leaves none", () => {
  const without = { bowline: "it answers", mosquitto: "it answers" };
  expect(check([{ without }], "// covers: [A1 client scripted]")).toEqual([]);
  expect(check([{ without }], "")).toHaveLength(2);
  expect(check([{ without: { client: "it is a page's" } }], "")).toEqual([]);
});

test("the broker's own cells need no mosquitto, and one that waits for what is not there yet has a reason", () => {
  const parts: Criterion["parts"] = ["broker"];
  expect(check([{ parts }], 'test("[A1 broker] holds")')).toEqual([]);
  expect(check([{ parts }], "")).toEqual(["[A1 broker] has neither a test nor a reason: It holds."]);
  expect(check([{ parts, without: { broker: "not there yet" } }], "")).toEqual([]);
  expect(readFileSync(join(folder, "docs/criteria.md"), "utf8")).toContain("- A1, broker: not there yet");
});

test("what is held smaller every day has a long run", () => {
  const sizes = { daily: "10", stated: "1,000" };
  expect(check([sizes], both)).toEqual(["A1 has a daily size, and none of its tests knows BOWLINE_LONG"]);
  expect(check([sizes], `process.env["BOWLINE_LONG"]; ${both}`)).toEqual([]);
});

test("misspelt cells and unknown criteria are found", () => {
  expect(check([{}], `${both} "[A1 clients]" "[A2 page]"`)).toEqual([
    "testkit/src/a.test.ts writes [A1 clients]: a part is client, drop-in, page, broker, doctor, a peer bowline, mosquitto, scripted",
    "testkit/src/a.test.ts claims A2, which spec/criteria.json does not have",
  ]);
});

test("the table names the tests and the reasons, and must be current", () => {
  expect(check([{}], both, false)).toEqual(["docs/criteria.md is not up to date: npm run check -- --update rewrites it"]);
  check([{ without: { mosquitto: "it cannot" } }], "// covers: [A1 client]");
  const report = readFileSync(join(folder, "docs/criteria.md"), "utf8");
  expect(report).toContain("| A1 | It holds. | our broker: a |  |  |  |  | as stated |");
  expect(report).toContain("- A1, client with mosquitto: it cannot");
});
