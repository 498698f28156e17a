import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const bin = fileURLToPath(new URL("../../../packages/cli/bin/bowline.js", import.meta.url));

/** How a process ended. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A process that was started in a CommandFolder, and what it has said so far. */
export class RunningCommand {
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";
  readonly ended: Promise<Ended>;

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (this.stdout += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
    this.ended = once(child, "close").then(([code]) => ({ code: code as number | null, stdout: this.stdout, stderr: this.stderr }));
  }

  /** Resolves when standard output holds the text; rejects when the process ends before. */
  async says(text: string | RegExp): Promise<RegExpMatchArray> {
    for (;;) {
      const found = this.stdout.match(text);
      if (found) return found;
      const { stdout } = this.child;
      if (!stdout) throw new Error("no standard output");
      // oxlint-disable-next-line no-await-in-loop -- One piece after the other.
      const more = await Promise.race([once(stdout, "data").then(() => true), this.ended.then(() => false)]);
      if (!more) throw new Error(`ended without "${String(text)}": ${this.stderr}`);
    }
  }

  async kill(signal: NodeJS.Signals): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }
}

/** A temporary folder in which the command is run as people run it: a process of its own, made of the built files (`tsc -b`). */
export class CommandFolder {
  readonly path: string = mkdtempSync(join(tmpdir(), "bowline-command-"));
  private readonly running = new Set<RunningCommand>();

  /** Starts any program. */
  run(file: string, ...args: string[]): RunningCommand {
    // npm's own variables would change the words that are printed.
    const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("npm_")));
    const env = { ...clean, NO_COLOR: "1" };
    const started = new RunningCommand(spawn(file, args, { cwd: this.path, env, stdio: ["pipe", "pipe", "pipe"] }));
    this.running.add(started);
    void started.ended.then(() => this.running.delete(started));
    return started;
  }

  bowline(...args: string[]): RunningCommand {
    return this.run(process.execPath, bin, ...args);
  }

  /** A printed command line that begins with `bowline`, as pasted into a shell. */
  paste(command: string): RunningCommand {
    return this.run("sh", "-c", `exec ${command.replace(/^bowline/, `'${process.execPath}' '${bin}'`)}`);
  }

  /** Ends what still runs. */
  async remove(): Promise<void> {
    for (const each of this.running) each.child.kill("SIGKILL");
    await Promise.all([...this.running].map(({ ended }) => ended));
    rmSync(this.path, { recursive: true });
  }
}
