import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { ChildSetting, FromChild, ToChild } from "./child-messages.ts";
import { OutputLines } from "./output-lines.ts";

/** One call of the handler. */
export interface Call {
  readonly id: number;
  /** The event in JSON. */
  readonly event: string;
  /** When it must be answered, in ms of `performance.now`. */
  readonly deadline: number;
  /** Its process has died under it once; whoever gets it now has it alone. */
  wasReplayed: boolean;
  answered(json: string | undefined): void;
  failed(detail: string): void;
}

/** What becomes of a process. */
export interface ProcessOwner {
  ready(process: HandlerProcess): void;
  /** A call has ended, so that there is room. */
  freed(process: HandlerProcess): void;
  /** It is no more, with the calls that were not answered. */
  ended(process: HandlerProcess, why: string, calls: readonly Call[]): void;
  output(line: string, stream: "stdout" | "stderr"): void;
}

/** Everything a process needs. */
export interface ProcessSetting extends Omit<ChildSetting, "caller"> {
  /** All of its environment: nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>;
}

const BEAT_MS = 500;
/** A process that says nothing for so long runs in a circle. */
const SILENCE_MS = 1_500;

/** A child process that runs the handler for many calls at once. */
export class HandlerProcess {
  readonly calls: Map<number, Call> = new Map();
  /** Calls that nobody waits for any more and that have not ended; they keep memory there. */
  abandoned = 0;
  isReady = false;
  /** It takes no more calls, and ends with its last one. */
  isRetiring = false;
  /** Why it cannot do its work, when it said so. */
  unloadable: string | undefined;
  readonly #child: ChildProcess;
  readonly #owner: ProcessOwner;
  readonly #beat: NodeJS.Timeout;
  readonly #over: Promise<void>;
  #heardAt = performance.now();
  #why: string | undefined;

  constructor({ environment, ...setting }: ProcessSetting, owner: ProcessOwner) {
    this.#owner = owner;
    const told: ChildSetting = { ...setting, caller: process.pid };
    this.#child = fork(childProgram(), [JSON.stringify(told)], {
      env: environment,
      execArgv: [`--max-old-space-size=${setting.memoryMegabytes}`],
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    for (const stream of ["stdout", "stderr"] as const) {
      const lines = new OutputLines((line) => owner.output(line, stream));
      this.#child[stream]?.setEncoding("utf8").on("data", (text: string) => lines.push(text));
      this.#child[stream]?.on("end", () => lines.end());
    }
    this.#child.on("message", (message) => this.#heard(message as FromChild | null));
    this.#child.on("error", (error) => this.end(error.message));
    this.#over = new Promise((resolve) => {
      this.#child.on("close", (code, signal) => {
        this.#ended(code, signal);
        resolve();
      });
    });
    this.#beat = setInterval(() => this.#lookAfter(), BEAT_MS);
  }

  run(call: Call): void {
    this.calls.set(call.id, call);
    this.#say({ kind: "call", id: call.id, event: call.event, leftMs: call.deadline - performance.now() });
  }

  /** Nobody waits for the call any more. */
  abandon(call: Call): void {
    if (this.calls.delete(call.id)) this.abandoned++;
  }

  /** Takes no more calls, and ends when those it has are answered. */
  retire(): void {
    this.isRetiring = true;
    if (this.calls.size === 0) this.end("it was replaced");
  }

  /** Ends it now. */
  end(why: string): void {
    this.#why ??= why;
    this.#child.kill("SIGKILL");
  }

  /** Resolves when the process is no more. */
  over(): Promise<void> {
    return this.#over;
  }

  /** The handler can send by the same channel: what is not understood is nothing. */
  #heard(message: FromChild | null): void {
    this.#heardAt = performance.now();
    if (message?.kind === "ready" && !this.isReady) {
      this.isReady = true;
      this.#owner.ready(this);
    } else if (message?.kind === "unloadable") {
      this.unloadable = message.message;
    } else if (message?.kind === "answer" || message?.kind === "threw") {
      this.#finish(message);
    }
  }

  #finish(message: FromChild & { kind: "answer" | "threw" }): void {
    const call = this.calls.get(message.id);
    if (call === undefined) {
      this.abandoned = Math.max(0, this.abandoned - 1);
      return;
    }
    this.calls.delete(message.id);
    if (message.kind === "answer") call.answered(message.json);
    else call.failed(`it threw ${message.message}`);
    if (this.isRetiring) this.retire();
    this.#owner.freed(this);
  }

  #lookAfter(): void {
    // Loading a module may take long; whoever waits has a time limit of his own.
    if (this.isReady && performance.now() - this.#heardAt > SILENCE_MS) this.end("it did not react any more: it loops, or blocks");
    else this.#say({ kind: "beat" });
  }

  #say(message: ToChild): void {
    // It may be ending; the calls it had are told by `ended`.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    clearInterval(this.#beat);
    const ending = signal === null ? `it ended its process with exit code ${code}` : `its process was ended by ${signal}`;
    this.#owner.ended(this, this.unloadable ?? this.#why ?? ending, [...this.calls.values()]);
  }
}

/** It runs compiled, since Node 20 cannot run TypeScript: a source (in tests) means its twin under dist/, which `tsc -b` makes. */
function childProgram(): string {
  const here = import.meta.url.endsWith(".ts") ? import.meta.url.replace("/src/handler/", "/dist/handler/") : import.meta.url;
  return fileURLToPath(new URL("./handler-child.js", here));
}
