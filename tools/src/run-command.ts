import { spawn } from "node:child_process";
import { join } from "node:path";
import { root } from "./repository.ts";

export interface CommandResult {
  /** The exit code, or null when a signal ended the command. */
  readonly code: number | null;
  /** Standard output and standard error in the order they came. */
  readonly output: string;
}

/** Runs a program of node_modules/.bin from the root (or `cwd`) and gathers what it prints. Never throws for its exit code. */
export function runTool(name: string, args: readonly string[], cwd: string = root): Promise<CommandResult> {
  return runCommand(join(root, "node_modules/.bin", name), args, cwd);
}

/** Runs any program and gathers what it prints; a program that cannot be started counts as code 127. */
export function runCommand(file: string, args: readonly string[], cwd: string = root): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined },
    });
    let output = "";
    const gather = (chunk: Buffer): void => {
      output += chunk.toString("utf8");
    };
    child.stdout.on("data", gather);
    child.stderr.on("data", gather);
    child.on("error", (error) => resolve({ code: 127, output: error.message }));
    child.on("close", (code) => resolve({ code, output }));
  });
}
