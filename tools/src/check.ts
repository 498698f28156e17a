import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "./build.ts";
import { checkLayers } from "./check-layers.ts";
import { checkApiReports } from "./checks/api-report.ts";
import { checkBundle } from "./checks/check-bundle.ts";
import { checkClauses } from "./checks/check-clauses.ts";
import { checkCriteria } from "./checks/check-criteria.ts";
import { checkLockFiles } from "./checks/check-lock-file.ts";
import { checkMachinePaths } from "./checks/check-machine-paths.ts";
import { checkManifests } from "./checks/check-manifests.ts";
import type { CheckPart, PartResult } from "./checks/check-part.ts";
import { checkPublint, checkTypesResolve } from "./checks/check-packages.ts";
import { checkSize } from "./checks/check-size.ts";
import { judge, toolParts } from "./checks/tool-parts.ts";
import { runTool } from "./run-command.ts";

export interface CheckOptions {
  /** Write the baselines and API reports from what is there instead of comparing. */
  readonly update?: boolean;
  /** Compile everything anew: an incremental build can keep an old complaint after a change of settings. */
  readonly force?: boolean;
}

/** A part that ran. */
export interface CheckOutcome extends PartResult {
  readonly name: string;
  readonly elapsedMs: number;
}

/** Runs every part, those at once that do not need one another, and prints a line for each as it ends. */
export async function runChecks(options: CheckOptions = {}): Promise<CheckOutcome[]> {
  const compiled = runPart({ name: "types", run: () => compile(options) });
  const built = compiled.then(() => runPart({ name: "build", run: buildPart }));
  const rest = partList(options).map(async (part) => {
    if (part.needsBuild === true) await built;
    return runPart(part);
  });
  return Promise.all([compiled, built, ...rest]);
}

function partList(options: CheckOptions): CheckPart[] {
  return [
    ...toolParts,
    { name: "layers", run: () => ({ findings: checkLayers() }) },
    { name: "sizes", run: () => checkSize(options) },
    { name: "licences and pins", run: () => checkManifests() },
    { name: "lock file", run: () => checkLockFiles(options) },
    { name: "machine paths", run: () => checkMachinePaths() },
    { name: "clauses", run: () => checkClauses(options) },
    { name: "criteria", run: () => checkCriteria(options) },
    { name: "publint", needsBuild: true, run: checkPublint },
    { name: "types resolve", needsBuild: true, run: checkTypesResolve },
    { name: "API reports", needsBuild: true, run: () => checkApiReports(options) },
    { name: "bundle size", needsBuild: true, run: () => checkBundle() },
    { name: "error docs", needsBuild: true, run: checkErrorDocs },
  ];
}

async function compile(options: CheckOptions): Promise<PartResult> {
  return judge(await runTool("tsc", options.force === true ? ["-b", "--force"] : ["-b"]));
}

async function buildPart(): Promise<PartResult> {
  const { built, skipped } = await build();
  return { findings: [], note: [`${built.length} products`, ...skipped.map((reason) => `without ${reason}`)].join("; ") };
}

async function checkErrorDocs(): Promise<PartResult> {
  const path = join(import.meta.dirname, "error-docs.js");
  if (!existsSync(path)) return { findings: [], note: "none yet" };
  const module = (await import(pathToFileURL(path).href)) as { checkErrorDocs(): Promise<string[]> | string[] };
  return { findings: await module.checkErrorDocs() };
}

async function runPart(part: CheckPart): Promise<CheckOutcome> {
  const started = performance.now();
  const result = await attempt(part);
  const outcome = { ...result, name: part.name, elapsedMs: performance.now() - started };
  print(outcome);
  return outcome;
}

/** A part that throws is a finding like any other, so that one broken tool does not hide what the others found. */
async function attempt(part: CheckPart): Promise<PartResult> {
  try {
    return await part.run();
  } catch (error) {
    return { findings: [error instanceof Error ? (error.stack ?? error.message) : String(error)] };
  }
}

const findingsShownMax = 60;

function print(outcome: CheckOutcome): void {
  const seconds = (outcome.elapsedMs / 1000).toFixed(1);
  const note = outcome.note === undefined ? "" : `  ${outcome.note}`;
  console.log(`${outcome.findings.length === 0 ? "ok  " : "FAIL"} ${outcome.name} (${seconds} s)${note}`);
  for (const finding of outcome.findings.slice(0, findingsShownMax)) console.log(`     ${finding}`);
  const hidden = outcome.findings.length - findingsShownMax;
  if (hidden > 0) console.log(`     and ${hidden} more`);
}

if (process.argv[1] === import.meta.filename) {
  const outcomes = await runChecks({ update: process.argv.includes("--update"), force: process.argv.includes("--force") });
  const failed = outcomes.filter((outcome) => outcome.findings.length > 0);
  console.log(
    failed.length === 0 ? `${outcomes.length} parts passed` : `failed: ${failed.map((outcome) => outcome.name).join(", ")}`,
  );
  process.exitCode = failed.length === 0 ? 0 : 1;
}
