import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { root } from "../repository.ts";

export interface VitestOptions {
  /** Where vitest writes its JSON report. */
  readonly reportPath: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Gets what vitest prints, as it comes. */
  readonly print: (chunk: Buffer) => void;
  /** After this many milliseconds everything that the run started is killed. */
  readonly limitMs: number;
}

export interface VitestOutcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Name and milliseconds, slowest first. */
  readonly slowest: ReadonlyArray<{ readonly name: string; readonly ms: number }>;
  /** Lines of the output that name a seed. */
  readonly seeds: readonly string[];
  /** What tests have measured: the words behind `figure:` in their output. */
  readonly figures: readonly string[];
  /** Set when the run itself went wrong, and not only tests in it. */
  readonly trouble?: string;
}

/** The part of vitest's JSON report which we read. */
interface Report {
  readonly testResults: ReadonlyArray<{
    readonly name: string;
    readonly status: string;
    readonly assertionResults: ReadonlyArray<{ readonly fullName: string; readonly status: string; readonly duration?: number }>;
  }>;
}

/** Runs vitest in a process group of its own, shows what it prints, and reads its report. */
export async function runVitest(options: VitestOptions): Promise<VitestOutcome> {
  const { reportPath } = options;
  rmSync(reportPath, { force: true });
  const { code, seeds, figures, isLate } = await spawnVitest(options);
  const limit = `the limit of ${Math.round(options.limitMs / 1000)} s was reached and the run was killed`;
  if (isLate || !existsSync(reportPath)) {
    return {
      passed: 0,
      failed: 1,
      skipped: 0,
      slowest: [],
      seeds,
      figures,
      trouble: isLate ? limit : `vitest ended with ${code} and no report`,
    };
  }
  const counted = count(JSON.parse(readFileSync(reportPath, "utf8")) as Report);
  // An error outside of any test (a rejection nobody handled, a worker that died) fails the run and no test.
  if (code === 0 || counted.failed > 0) return { ...counted, seeds, figures };
  return { ...counted, failed: 1, seeds, figures, trouble: `vitest ended with ${code} although no test failed` };
}

/** Begins a line in which a test says what it has measured. */
const FIGURE = "figure: ";

interface Ended {
  readonly code: number | null;
  readonly seeds: string[];
  readonly figures: string[];
  readonly isLate: boolean;
}

function spawnVitest(options: VitestOptions): Promise<Ended> {
  const args = ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${options.reportPath}`, ...options.args];
  const color = process.stdout.isTTY ? { FORCE_COLOR: "1" } : {};
  const child = spawn(join(root, "node_modules/.bin/vitest"), args, {
    cwd: root,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...color, ...options.environment },
  });
  const kill = (): void => killGroup(child.pid);
  process.once("SIGINT", kill).once("SIGTERM", kill);
  return new Promise((resolve) => {
    let isLate = false;
    const seeds: string[] = [];
    const figures: string[] = [];
    const timer = setTimeout(() => {
      isLate = true;
      kill();
    }, options.limitMs);
    let rest = "";
    child.stdout.on("data", (chunk: Buffer) => {
      options.print(chunk);
      const lines = (rest + chunk.toString("utf8")).split("\n");
      rest = lines.pop() ?? "";
      const words = lines.map((line) => stripVTControlCharacters(line).trim());
      seeds.push(...words.filter((line) => /\bseed\b\D{0,3}-?\d+/i.test(line)));
      figures.push(...words.filter((line) => line.startsWith(FIGURE)).map((line) => line.slice(FIGURE.length)));
    });
    child.stderr.on("data", options.print);
    child.on("close", (code) => {
      clearTimeout(timer);
      process.off("SIGINT", kill).off("SIGTERM", kill);
      // Workers and what they started share the group; whatever a failed test left behind ends here.
      kill();
      resolve({ code, seeds, figures, isLate });
    });
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nobody is left in the group.
  }
}

function count(report: Report): Omit<VitestOutcome, "seeds" | "figures"> {
  const tests = report.testResults.flatMap((file) => file.assertionResults);
  const inState = (...states: string[]): number => tests.filter((test) => states.includes(test.status)).length;
  // A file that cannot be loaded has no tests to fail.
  const brokenFiles = report.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  );
  const slowest = tests
    .map((test) => ({ name: test.fullName, ms: Math.round(test.duration ?? 0) }))
    .toSorted((a, b) => b.ms - a.ms)
    .slice(0, 10);
  return {
    passed: inState("passed"),
    failed: inState("failed") + brokenFiles.length,
    skipped: inState("skipped", "pending", "todo", "disabled"),
    slowest,
  };
}
