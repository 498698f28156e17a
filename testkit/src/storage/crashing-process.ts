import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** A process that fills a store until it is killed; see crash-child.ts. It runs compiled, since Node 20 cannot run TypeScript. */
export class CrashingProcess {
  /** The highest unit it reported as kept. */
  reported = 0;
  /** What it said when it could not open the store. */
  failure: { failed: string; text: string } | undefined;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #unread = "";
  #isReady = false;
  #onLine: () => void = () => {};

  constructor(directory: string, options: { durability?: string; unitsMax?: number; process?: SpawnOptions } = {}) {
    const program = fileURLToPath(new URL("./crash-child.js", import.meta.url.replace("/src/storage/", "/dist/storage/")));
    const args = [program, directory, options.durability ?? "durable", String(options.unitsMax ?? 20)];
    this.#child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"], ...options.process });
    this.#ended = once(this.#child, "close");
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => this.#read(text));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves when it has opened the store, or ended without. */
  async ready(): Promise<void> {
    await Promise.race([this.#until(() => this.#isReady), this.#ended]);
  }

  /** Resolves when it has reported that unit as kept. */
  async hasKept(unit: number): Promise<void> {
    await Promise.race([this.#until(() => this.reported >= unit), this.#ended]);
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  async ended(): Promise<void> {
    await this.#ended;
  }

  #until(isTrue: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#onLine = () => {
        if (isTrue()) resolve();
      };
      this.#onLine();
    });
  }

  /** A line that was cut by the kill says nothing. */
  #read(text: string): void {
    const lines = (this.#unread + text).split("\n");
    this.#unread = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "ready") this.#isReady = true;
      else if (line.startsWith("{")) this.failure = JSON.parse(line) as { failed: string; text: string };
      else this.reported = Number(line);
    }
    this.#onLine();
  }
}
