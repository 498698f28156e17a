import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { programPath } from "../system/missing-programs.ts";

export interface ProgramEnd {
  /** Exit code, or the signal that ended it. */
  code: number | string;
  stdout: string;
  stderr: string;
}

/** Another project's program in a process of its own. */
export class ForeignProgram {
  readonly ended: Promise<ProgramEnd>;
  private readonly child: ChildProcessWithoutNullStreams;

  /** `input` is what it reads from its standard input, which ends with it. */
  constructor(name: string, args: readonly string[], input: string | Uint8Array = "") {
    const child = spawn(programPath(name) ?? name, args);
    this.child = child;
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    // A program that ends before it read everything is for the test to notice by its exit code.
    child.stdin.on("error", () => {}).end(input);
    this.ended = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve({ code: code ?? signal ?? 0, stdout, stderr }));
    });
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    this.child.kill(signal);
    await this.ended;
  }
}
