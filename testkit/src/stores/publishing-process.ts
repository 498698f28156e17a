import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { PublishingTask } from "./publishing-child.ts";
import type { StoredNumbers } from "./stored-numbers.ts";

const program = fileURLToPath(new URL("./publishing-child.js", import.meta.url.replace("/src/stores/", "/dist/stores/")));

/** A process that publishes until it is killed; see publishing-child.ts. It runs compiled, since Node 20 cannot run TypeScript. */
export class PublishingProcess {
  /** Resolves when it ended; true when everything it had was acknowledged. */
  readonly ended: Promise<boolean>;
  private readonly child: ChildProcess;
  private readonly told: StoredNumbers;
  private unread = "";
  private isDone = false;

  constructor(task: PublishingTask, told: StoredNumbers) {
    this.told = told;
    this.child = spawn(process.execPath, [program, JSON.stringify(task)], { stdio: ["ignore", "pipe", "inherit"] });
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => this.read(text));
    this.ended = new Promise((resolve) => this.child.once("close", () => resolve(this.isDone)));
  }

  /** kill -9 */
  kill(): void {
    this.child.kill("SIGKILL");
  }

  /** A line that was cut by the kill says nothing. */
  private read(text: string): void {
    const lines = (this.unread + text).split("\n");
    this.unread = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "end") this.isDone = true;
      else this.told.read(line);
    }
  }
}
