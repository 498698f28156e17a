import { expect, test } from "vitest";
import { readOutcome } from "./run-mutation.ts";

function mutant(status: string, line: number): Parameters<typeof readOutcome>[0]["files"][string]["mutants"][number] {
  return { status, mutatorName: "BooleanLiteral", replacement: "false", location: { start: { line } } };
}

test("what was killed or ran out of time counts, what cannot compile or was left out does not, and survivors are named", () => {
  const outcome = readOutcome({
    files: {
      "flow/b.ts": { source: "one;\n  two;\n", mutants: [mutant("Killed", 1), mutant("Survived", 2), mutant("Ignored", 1)] },
      "flow/a.ts": { source: "x;\n", mutants: [mutant("Timeout", 1), mutant("NoCoverage", 1), mutant("CompileError", 1)] },
    },
  });
  expect(outcome.lines).toEqual(["flow/a.ts: 1 of 2 (50 %)", "flow/b.ts: 1 of 2 (50 %)", "all: 2 of 4 (50 %)"]);
  expect(outcome.survivors).toEqual([
    "flow/a.ts:1 NoCoverage: BooleanLiteral -> false | x;",
    "flow/b.ts:2 Survived: BooleanLiteral -> false | two;",
  ]);
  expect(outcome.score).toBe(50);
});
