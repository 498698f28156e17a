import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import type { CheckOutcome } from "../check.ts";
import type { MutationOutcome } from "../mutation/run-mutation.ts";
import { root, shown } from "../repository.ts";
import { runCommand } from "../run-command.ts";
import type { VitestOutcome } from "./run-vitest.ts";

interface LongRun {
  /** What the run was told, such as words of paths; empty for the whole. */
  readonly args: readonly string[];
  readonly totals: string;
  readonly tests: VitestOutcome;
  readonly outcomes: readonly CheckOutcome[];
  readonly mutation: MutationOutcome | undefined;
  readonly elapsedMs: number;
}

/** Writes what a long run found to docs/reports, with the commit and the seeds that let anybody repeat it. */
export async function writeReport(run: LongRun): Promise<string> {
  const commit = (await runCommand("git", ["rev-parse", "--short", "HEAD"], root)).output.trim();
  const isDirty = (await runCommand("git", ["status", "--porcelain"], root)).output.trim() !== "";
  const date = new Date().toISOString().slice(0, 10);
  const suffix = run.args.map((arg) => `-${arg.replace(/\W+/g, "-")}`).join("");
  const path = join(root, "docs/reports", `${date}-${commit}${suffix}.md`);
  const lines = [
    `# Long test run of ${date}`,
    "",
    ...(suffix === "" ? [] : [`- Command: \`npm run test:long -- ${run.args.join(" ")}\``]),
    `- Commit: ${commit}${isDirty ? ", with changes that were not committed" : ""}`,
    `- Machine: Node ${process.versions.node}, ${process.platform} ${process.arch}, ${cpus().length} cores (${cpus()[0]?.model ?? "unknown"})`,
    `- Time: ${Math.round(run.elapsedMs / 1000)} s`,
    `- Result: ${run.totals}`,
    ...(run.tests.trouble === undefined ? [] : [`- Trouble: ${run.tests.trouble}`]),
    "",
    "## Checks",
    "",
    ...run.outcomes.map((part) => `- ${part.name}: ${part.findings.length === 0 ? "passed" : `${part.findings.length} findings`}`),
    "",
    "## Seeds",
    "",
    ...(run.tests.seeds.length === 0 ? ["None printed."] : [...new Set(run.tests.seeds)].map((seed) => `- ${seed}`)),
    "",
    "## Figures",
    "",
    ...(run.tests.figures.length === 0 ? ["None printed."] : run.tests.figures.map((figure) => `- ${figure}`)),
    "",
    "## Mutation testing",
    "",
    ...(run.mutation === undefined ? ["Not run."] : run.mutation.lines.map((line) => `- ${line}`)),
    "",
    "## Slowest tests",
    "",
    ...run.tests.slowest.map(({ name, ms }) => `- ${ms} ms: ${name}`),
    "",
  ];
  mkdirSync(join(root, "docs/reports"), { recursive: true });
  writeFileSync(path, lines.join("\n"));
  return shown(path);
}
