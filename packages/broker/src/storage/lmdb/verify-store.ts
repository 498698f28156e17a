import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { MqttError } from "@bowline/protocol";
import { checkFormat, type StoreFormats, storeFormats } from "./store-format.ts";
import { isSound, type WalkReport } from "./walk-store.ts";

/** A walk that reads nothing for so long turns in a circle of damaged pages. */
const stallMs = 60_000;

/**
 * Walks a store in a child process before this one trusts it, because damage ends by a signal the process that meets it.
 *
 * @throws MqttError STORE_DAMAGED, STORE_NEWER, STORE_OLDER
 */
export async function verifyStore(directory: string, formats: StoreFormats = storeFormats): Promise<WalkReport> {
  const outcome = await runChild("./walk-child.js", [directory]);
  if (outcome.report === undefined) throw damaged(outcome.ending);
  const report = outcome.report as WalkReport;
  if (report.problems.length === 0) checkFormat(report.format, formats);
  if (!isSound(report)) throw damaged([`${report.damagedRows} damaged rows`, ...report.problems].join("; "));
  return report;
}

export function damaged(detail: string, cause?: unknown): MqttError {
  return new MqttError("STORE_DAMAGED", {
    detail,
    remedy: "Run `bowline backup --salvage`, or start with --on-damage=salvage.",
    ...(cause === undefined ? {} : { cause }),
  });
}

interface ChildOutcome {
  /** The JSON of the last line the child wrote, if any. */
  lastLine: unknown;
  /** The same, when the child also ended well. */
  report: unknown;
  /** How it ended, in words. */
  ending: string;
}

/**
 * Runs one of the child programs beside this file and reads its last line. It runs compiled, since Node 20 cannot run TypeScript:
 * when this file is itself a source (in tests), its twin under dist/ is meant, which `tsc -b` makes.
 */
export async function runChild(program: string, args: readonly string[]): Promise<ChildOutcome> {
  const here = import.meta.url.endsWith(".ts") ? import.meta.url.replace("/src/storage/", "/dist/storage/") : import.meta.url;
  const child = spawn(process.execPath, [fileURLToPath(new URL(program, here)), ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let complaint = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output = (output + text).slice(-100_000)));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint = (complaint + text).slice(-2_000)));
  const ending = await endOf(child);
  const lastLine = lastLineOf(output);
  return { lastLine, report: ending === "" ? lastLine : undefined, ending: `${ending} ${firstError(complaint)}`.trim() };
}

/** A line that the child did not finish is none. */
function lastLineOf(output: string): unknown {
  const end = output.lastIndexOf("}\n");
  const start = end === -1 ? -1 : output.lastIndexOf("\n{", end);
  return start === -1 ? undefined : JSON.parse(output.slice(start + 1, end + 1));
}

/** Empty for a good end. */
function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let isStalled = false;
    const stall = setTimeout(() => {
      isStalled = true;
      child.kill("SIGKILL");
    }, stallMs);
    child.stdout?.on("data", () => stall.refresh());
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(stall);
      if (isStalled) resolve("reading it never ends");
      else if (signal !== null) resolve(`reading it ends with ${signal}`);
      else resolve(code === 0 ? "" : `reading it fails`);
    });
  });
}

/** The line that names the error, out of what an uncaught one prints. */
function firstError(complaint: string): string {
  const line = complaint.split("\n").find((each) => /^\w*Error: |[Aa]ssertion/.test(each));
  return line === undefined ? "" : `(${line.trim()})`;
}
