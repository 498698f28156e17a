import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/**
 * One of this folder's programs in a process of its own, so that what it does holds up nobody who measures. It is told things by
 * lines of stdin and tells by lines of stdout, each a JSON text. It runs compiled, since Node 20 cannot run TypeScript.
 */
export class ChildProgram {
  private readonly child: ChildProcessByStdio<Writable, Readable, null>;
  private readonly lines: AsyncIterator<string>;

  constructor(name: string, ...args: readonly (string | number)[]) {
    const program = fileURLToPath(new URL(`./${name}.js`, import.meta.url.replace("/src/limits/", "/dist/limits/")));
    this.child = spawn(process.execPath, [program, ...args.map(String)], { stdio: ["pipe", "pipe", "inherit"] });
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  /** The next thing that it tells. */
  async told<T>(): Promise<T> {
    const line = await this.lines.next();
    if (line.done === true) throw new Error("the program ended without a word");
    return JSON.parse(line.value) as T;
  }

  /** Goes on to its next step. */
  tell(what: unknown): void {
    this.child.stdin.write(`${JSON.stringify(what)}\n`);
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.kill("SIGKILL");
    await ended;
  }
}
