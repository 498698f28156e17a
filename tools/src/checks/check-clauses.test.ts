import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Clause, findClauseFaults, readClauses } from "../clauses/clause.ts";
import { root } from "../repository.ts";
import { checkClauses } from "./check-clauses.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "clauses-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const clause = (id: string): Clause => ({ id, statement: `What ${id} says.`, role: "both", owner: "packet" });

/** Twenty statements of 5.0 and twenty of 3.1.1, so that two may be decided. */
const ids = Array.from({ length: 20 }, (_, index) => `MQTT-1.0.0-${index + 1}`);

/** Lays the files in a repository with those statements, all tested but for the first of 5.0, and returns what is found. */
function check(files: Readonly<Record<string, string>>, update = true): readonly string[] {
  const others = [...ids.slice(1).map((id) => `[${id}]`), ...ids.map((id) => `[v3 ${id}]`)].join(" ");
  const all: Record<string, string> = {
    "spec/clauses-v5.json": JSON.stringify(ids.map(clause)),
    "spec/clauses-v3.json": JSON.stringify(ids.map(clause)),
    "spec/decisions.md": "",
    "packages/a/src/others.test.ts": `// covers: ${others}\n`,
    ...files,
  };
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return checkClauses({ base: folder, update }).findings;
}

const open = "[MQTT-1.0.0-1] has neither a test nor a decision (packet): What MQTT-1.0.0-1 says.";

describe("what counts as a test", () => {
  test.each([
    ["the title of a test", 'test("[MQTT-1.0.0-1] holds", () => {});'],
    ["the title of it", 'it("holds, [MQTT-1.0.0-1]", () => {});'],
    ["a template", "test(`[MQTT-1.0.0-1] for ${version}`, () => {});"],
    ["the title of a group", 'describe("[MQTT-1.0.0-1]", () => {});'],
    ["the title of a table", 'test.each([1, 2])("[MQTT-1.0.0-1] %i", () => {});'],
    ["the row of a table", 'test.each([["[MQTT-1.0.0-1] a", 1]])("%s", () => {});'],
    ["the name of a vector", 'const vectors = [{ name: "[MQTT-1.0.0-1] a", bytes: "00" }];'],
    ["a part of a title", 'const ids = version === 5 ? "[MQTT-1.0.0-1] [MQTT-1.0.0-2]" : ""; test(`${ids} a`, () => {});'],
    ["a comment", "// covers: [MQTT-1.0.0-2] [MQTT-1.0.0-1]"],
    ["a comment of two lines", "// covers: [MQTT-1.0.0-2]\n// [MQTT-1.0.0-1]"],
    ["a comment in the block above a test", "/**\n * covers: [MQTT-1.0.0-1]\n */"],
  ])("%s", (_form, text) => {
    expect(check({ "packages/a/src/x.test.ts": text })).toEqual([]);
  });

  test.each([
    ["a comment that explains", "// [MQTT-1.0.0-1] says so"],
    ["code", 'expect(clause).toBe("MQTT-1.0.0-1");'],
    ["a test that is skipped", 'test.skip("[MQTT-1.0.0-1] holds", () => {});'],
    ["a test that is still to be written", 'test.todo("[MQTT-1.0.0-1] holds");'],
    ["a test in a group that is skipped", 'describe.skip("a", () => { test("[MQTT-1.0.0-1] holds", () => {}); });'],
    ["the id of the other version", 'test("[v3 MQTT-1.0.0-1] holds", () => {});'],
  ])("not %s", (_form, text) => {
    expect(check({ "packages/a/src/x.test.ts": text })).toEqual([open]);
  });

  test("not a refusal, even with its number", () => {
    const decisions = "## D-1: otherwise\n\nWhy.\n";
    const title = 'test("![MQTT-1.0.0-1] by D-1", () => {});';
    expect(check({ "packages/a/src/x.test.ts": title, "spec/decisions.md": decisions })).toEqual([open]);
  });

  test.each(['cases.both("closes", "[MQTT-1.0.0-1] closes", run);', 'cases.inVersion(5, "closes", "[MQTT-1.0.0-1] closes", run);'])(
    "the title of a conformance case, but not in a source that is no test: %s",
    (text) => {
      expect(check({ "packages/a/src/x.ts": text })).toEqual([open]);
      expect(check({ "testkit/src/conformance/broker/x.ts": text })).toEqual([]);
    },
  );
});

describe("decisions", () => {
  test("one excuses the statements it refuses, and an open point none", () => {
    expect(check({ "spec/decisions.md": "## D-1: otherwise\n\n![MQTT-1.0.0-1] Why.\n" })).toEqual([]);
    expect(check({ "spec/decisions.md": "## O-1: open\n\n![MQTT-1.0.0-1] What we do.\n" })).toContain(open);
  });

  test("one more than 5 % is too much", () => {
    const text = "## D-1: otherwise\n\n![MQTT-1.0.0-1] ![MQTT-1.0.0-2] Why.\n";
    expect(check({ "spec/decisions.md": text })).toEqual([]);
    expect(check({ "spec/decisions.md": `${text}![v3 MQTT-1.0.0-3]\n` })).toEqual([
      "spec/decisions.md excuses 3 of 40 statements, at most 2 are allowed",
    ]);
  });

  test("numbers have no gap", () => {
    expect(check({ "spec/decisions.md": "## D-1: a\n\n![MQTT-1.0.0-1]\n\n## D-3: b\n\n## O-1: c\n" })).toEqual([
      "spec/decisions.md: D-3 stands where D-2 belongs",
    ]);
  });
});

describe("citations", () => {
  const decided = { "spec/decisions.md": "## D-1: otherwise\n\n![MQTT-1.0.0-1] Why.\n" };

  test.each([
    ["// [MQTT-1.0.0-99]", "packages/a/src/x.ts:1 cites MQTT-1.0.0-99, which does not exist"],
    ["\n// [v3 MQTT-1.0.0-99]", "packages/a/src/x.ts:2 cites v3 MQTT-1.0.0-99, which does not exist"],
    ['fault("MQTT-9.0.0-1")', "packages/a/src/x.ts:1 cites MQTT-9.0.0-1, which does not exist"],
    ["// see D-2", "packages/a/src/x.ts:1 names D-2, which is not in spec/decisions.md"],
    ["// see O-1", "packages/a/src/x.ts:1 names O-1, which is not in spec/decisions.md"],
    ["// ![MQTT-1.0.0-1]", "packages/a/src/x.ts:1 refuses MQTT-1.0.0-1 without the number of the decision"],
    ["// [MQTT-1.0.0-1], -2", "packages/a/src/x.ts:1 writes MQTT-1.0.0-1], -2: each id whole, in brackets of its own"],
    ["// [MQTT-1.0.0-1] to -4", "packages/a/src/x.ts:1 writes MQTT-1.0.0-1] to -4: each id whole, in brackets of its own"],
    ["// [v3MQTT-1.0.0-1]", "packages/a/src/x.ts:1 writes [v3MQTT-1.0.0-1]: each id whole, in brackets of its own"],
    ["// [MQTT-1.0-1]", "packages/a/src/x.ts:1 writes MQTT-1.0-1: each id whole, in brackets of its own"],
  ])("%j is found", (text, finding) => {
    expect(check({ ...decided, "packages/a/src/x.ts": text })).toEqual([finding]);
  });

  test.each(["// [MQTT-1.0.0-1] and [MQTT-1.0.0-2]", "// ![MQTT-1.0.0-1], D-1", "// D-1", 'const CRLF = "AD-99"; // ISO-8859-1'])(
    "%j is right",
    (text) => {
      expect(check({ ...decided, "packages/a/src/x.ts": text })).toEqual([]);
    },
  );

  test("documents are read too", () => {
    expect(check({ ...decided, "docs/adr/0001-a.md": "By [MQTT-1.0.0-99]." })).toEqual([
      "docs/adr/0001-a.md:1 cites MQTT-1.0.0-99, which does not exist",
    ]);
  });
});

describe("the report", () => {
  const proof = { "packages/a/src/x.test.ts": 'test("[MQTT-1.0.0-1] holds", () => {});' };

  test("is refused when it is old, and rewritten when asked for", () => {
    expect(check(proof, false)).toEqual(["spec/coverage.md is not up to date: npm run check -- --update rewrites it"]);
    expect(check(proof)).toEqual([]);
    expect(check(proof, false)).toEqual([]);
  });

  test("tells where each statement is tested or decided, and the sums", () => {
    check({ "spec/decisions.md": "## D-1: otherwise\n\n![MQTT-1.0.0-1] Why.\n" });
    const report = readFileSync(join(folder, "spec/coverage.md"), "utf8");
    expect(report).toContain("| MQTT 5.0 | 20 | 19 (95.0 %) | 1 (5.0 %) | 0 |");
    expect(report).toContain("| both | 40 | 39 (97.5 %) | 1 (2.5 %) | 0 |");
    expect(report).toContain("| MQTT-1.0.0-1 | What MQTT-1.0.0-1 says. | both | packet | D-1 |");
    expect(report).toContain("| MQTT-1.0.0-2 | What MQTT-1.0.0-2 says. | both | packet | packages/a/src/others.test.ts |");
  });
});

describe("the lists", () => {
  test("an id twice, out of order or malformed, a role or an owner that there is not, are named", () => {
    const list = [clause("MQTT-1.0.0-2"), clause("MQTT-1.0.0-2"), clause("MQTT-1.0.0-1"), clause("MQTT-1.0-1")];
    expect(findClauseFaults("v5", list)).toEqual([
      "spec/clauses-v5.json: MQTT-1.0.0-2 is out of order",
      "spec/clauses-v5.json: MQTT-1.0.0-1 is out of order",
      "spec/clauses-v5.json: MQTT-1.0-1 is no id",
    ]);
    const foreign = { ...clause("MQTT-1.0.0-1"), role: "broker", owner: "server" } as unknown as Clause;
    expect(findClauseFaults("v3", [foreign])).toEqual([
      "spec/clauses-v3.json: MQTT-1.0.0-1 has the unknown role broker",
      "spec/clauses-v3.json: MQTT-1.0.0-1 has the unknown owner server",
    ]);
  });

  test.each([
    ["v5", 251, ["MQTT-2.2.1-1"]],
    ["v3", 141, []],
  ] as const)("ours of %s has %i statements, and the only numbers left out are %j", (version, count, missing) => {
    const clauses = readClauses(root, version);
    expect(clauses).toHaveLength(count);
    const known = new Set(clauses.map(({ id }) => id));
    const gaps = clauses.flatMap(({ id }) => {
      const [, section, number] = /^(.*)-(\d+)$/.exec(id)!;
      return Array.from({ length: Number(number) }, (_, index) => `${section}-${index + 1}`).filter((each) => !known.has(each));
    });
    expect([...new Set(gaps)]).toEqual(missing);
  });
});
