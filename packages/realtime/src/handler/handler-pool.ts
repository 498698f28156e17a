import type { AuthorizerEvent } from "../request/authorizer-event.ts";
import { type AuthorizerFunction, CALL_MS_MAX, functionFault } from "./authorizer-function.ts";
import { type Call, HandlerProcess, type ProcessSetting } from "./handler-process.ts";

/** How a handler is run. */
export interface HandlerOptions {
  /** `file:` URL of a JavaScript module. */
  readonly module: string;
  /** Name of the export that is the handler. Default `handler`. */
  readonly handler?: string;
  /** What `context.invokedFunctionArn` says; SST's authorizer takes partition, region and account from it. */
  readonly functionArn: string;
  /** All of its environment variables: nothing is inherited. Default none. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Processes. Default 2, so that one which hangs does not hold up everybody. */
  readonly processes?: number;
  /** Ms for one call in all, its waiting too. Default 5,000, which is AWS's. */
  readonly timeoutMs?: number;
  /** Memory of a process, in MiB of V8's heap. Default 128. */
  readonly memoryMegabytes?: number;
  /** Gets each line the handler prints. */
  readonly onOutput?: (line: string, stream: "stdout" | "stderr") => void;
  /** Gets told when a process ended that should not have. */
  readonly onCrash?: (why: string) => void;
}

/** Calls that one process works at. */
const CALLS_EACH = 256;
/** Calls that wait for a process. */
const WAITING_MAX = 4_096;
/** Calls that never ended: with so many a process is replaced, since each keeps its memory. */
const ABANDONED_MAX = 64;
/** After a process that could not begin, the next is not started for so long. */
const RETRY_MS = 1_000;

/**
 * Runs a handler in child processes, many calls in each. A handler that throws or never answers costs its own call; one that ends its
 * process, fills its memory or runs in a circle costs the process, and the other calls of it are made once more, each in a process of
 * its own. It is fault isolation, not a sandbox: the handler may do what the user of this process may do.
 */
export class HandlerPool implements AuthorizerFunction {
  readonly #options: HandlerOptions;
  readonly #timeoutMs: number;
  /** Those that take any call. */
  readonly #processes = new Set<HandlerProcess>();
  /** Those of calls that are made once more. */
  readonly #single = new Map<HandlerProcess, Call>();
  /** Those that were replaced and have calls yet. */
  readonly #retired = new Set<HandlerProcess>();
  readonly #waiting = new Set<Call>();
  readonly #waitingAlone: Call[] = [];
  #module: string;
  #nextId = 1;
  #isClosed = false;
  /** Why no process can begin, for `RETRY_MS`. */
  #failure: { readonly why: string; readonly until: number } | undefined;
  #retry: NodeJS.Timeout | undefined;

  private constructor(options: HandlerOptions) {
    this.#options = options;
    this.#module = options.module;
    this.#timeoutMs = options.timeoutMs ?? CALL_MS_MAX;
  }

  /** Rejects with MqttError AWS_AUTHORIZER_LAMBDA for a module that cannot be loaded or exports no such function. */
  static async open(options: HandlerOptions): Promise<HandlerPool> {
    const pool = new HandlerPool(options);
    const first = await pool.#tryModule(options.module);
    pool.#adopt(first);
    pool.#fill();
    return pool;
  }

  /** Calls that are under way or wait. */
  get callCount(): number {
    let count = this.#waiting.size + this.#waitingAlone.length + this.#single.size;
    for (const process of [...this.#processes, ...this.#retired]) count += process.calls.size;
    return count;
  }

  call(event: AuthorizerEvent, signal?: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const fail = (detail: string): void => {
        settle();
        reject(functionFault(detail));
      };
      const call: Call = {
        id: this.#nextId++,
        event: JSON.stringify(event),
        deadline: performance.now() + this.#timeoutMs,
        wasReplayed: false,
        answered: (json) => {
          settle();
          resolve(json === undefined ? undefined : parsed(json));
        },
        failed: fail,
      };
      const giveUp = (detail: string): void => {
        this.#abandon(call);
        fail(detail);
      };
      const timer = setTimeout(giveUp, this.#timeoutMs, `it did not answer within ${this.#timeoutMs} ms`);
      const leave = (): void => giveUp("nobody waits for its answer any more");
      const settle = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", leave);
      };
      if (this.#isClosed) fail("the broker is ending");
      else if (signal?.aborted === true) leave();
      else if (this.#waiting.size >= WAITING_MAX) fail("too many calls wait for it");
      else {
        signal?.addEventListener("abort", leave, { once: true });
        this.#begin(call);
      }
    });
  }

  /**
   * Takes another module, for calls from now on; those under way end where they are.
   *
   * Rejects with MqttError AWS_AUTHORIZER_LAMBDA when it cannot be loaded; then all stays as it was.
   */
  async replace(module: string): Promise<void> {
    const first = await this.#tryModule(module);
    if (this.#isClosed) {
      first.end("the broker is ending");
      return;
    }
    this.#module = module;
    this.#failure = undefined;
    for (const process of this.#processes) {
      this.#processes.delete(process);
      this.#retired.add(process);
      process.retire();
    }
    this.#adopt(first);
    this.#fill();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    const all = [...this.#processes, ...this.#retired, ...this.#single.keys()];
    for (const process of all) process.end("the broker is ending");
    for (const call of [...this.#waiting, ...this.#waitingAlone]) call.failed("the broker is ending");
    this.#waiting.clear();
    this.#waitingAlone.length = 0;
    await Promise.all(all.map((process) => process.over()));
  }

  /** A process with that module which has said that it is ready. */
  #tryModule(module: string): Promise<HandlerProcess> {
    return new Promise((resolve, reject) => {
      const started = this.#start(module, {
        ready: () => resolve(started),
        ended: (_, why) => reject(functionFault(`it cannot be loaded: ${why}`)),
      });
    });
  }

  /** Its calls and its end are the pool's from now on. */
  #adopt(process: HandlerProcess): void {
    this.#processes.add(process);
    this.#drain();
  }

  #start(module: string, first?: { ready: () => void; ended: (process: HandlerProcess, why: string) => void }): HandlerProcess {
    const { handler = "handler", functionArn, environment = {}, memoryMegabytes = 128, onOutput } = this.#options;
    const setting: ProcessSetting = { module, handler, functionArn, environment, memoryMegabytes };
    let isFirst = first !== undefined;
    return new HandlerProcess(setting, {
      ready: (process) => {
        if (isFirst) first?.ready();
        else this.#ready(process);
        isFirst = false;
      },
      freed: (process) => this.#freed(process),
      ended: (process, why, calls) => {
        if (isFirst) first?.ended(process, why);
        else this.#ended(process, why, calls);
      },
      output: (line, stream) => onOutput?.(line, stream),
    });
  }

  #begin(call: Call): void {
    const failure = this.#failure;
    if (failure !== undefined && performance.now() < failure.until) {
      call.failed(failure.why);
      return;
    }
    this.#waiting.add(call);
    this.#drain();
  }

  /** Waiting calls go to whoever has least to do. */
  #drain(): void {
    for (const call of this.#waiting) {
      const process = this.#leastBusy();
      if (process === undefined) break;
      this.#waiting.delete(call);
      process.run(call);
    }
  }

  #leastBusy(): HandlerProcess | undefined {
    let best: HandlerProcess | undefined;
    for (const process of this.#processes) {
      if (process.isReady && process.calls.size < CALLS_EACH && process.calls.size < (best?.calls.size ?? Infinity)) best = process;
    }
    return best;
  }

  #ready(process: HandlerProcess): void {
    this.#failure = undefined;
    const call = this.#single.get(process);
    if (call === undefined) this.#drain();
    else process.run(call);
  }

  #freed(process: HandlerProcess): void {
    if (this.#single.has(process)) process.retire();
    else this.#drain();
  }

  #abandon(call: Call): void {
    if (this.#waiting.delete(call)) return;
    const at = this.#waitingAlone.indexOf(call);
    if (at >= 0) this.#waitingAlone.splice(at, 1);
    for (const [process, single] of this.#single) if (single === call) process.end("its call took too long");
    for (const process of [...this.#processes, ...this.#retired]) {
      process.abandon(call);
      if (process.abandoned >= ABANDONED_MAX && this.#processes.delete(process)) {
        this.#retired.add(process);
        process.retire();
        this.#fill();
      }
    }
  }

  #ended(process: HandlerProcess, why: string, calls: readonly Call[]): void {
    const wasServing = this.#processes.delete(process);
    const single = this.#single.get(process);
    this.#single.delete(process);
    this.#retired.delete(process);
    if (this.#isClosed) {
      for (const call of calls) call.failed("the broker is ending");
      return;
    }
    if (wasServing) this.#options.onCrash?.(why);
    // It has not got its call yet.
    if (!process.isReady) single?.failed(why);
    for (const call of calls) {
      if (call.wasReplayed) call.failed(why);
      else {
        call.wasReplayed = true;
        this.#waitingAlone.push(call);
      }
    }
    if (wasServing && !process.isReady) this.#cannotBegin(why);
    else if (wasServing) this.#fill();
    if (single !== undefined || calls.length > 0) this.#startSingle();
  }

  /** Nobody starts processes in a circle. */
  #cannotBegin(why: string): void {
    this.#failure = { why: `it cannot be loaded: ${why}`, until: performance.now() + RETRY_MS };
    if (this.#processes.size === 0) {
      for (const call of this.#waiting) call.failed(this.#failure.why);
      this.#waiting.clear();
    }
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      this.#fill();
    }, RETRY_MS);
  }

  #fill(): void {
    while (!this.#isClosed && this.#processes.size < (this.#options.processes ?? 2)) this.#processes.add(this.#start(this.#module));
  }

  /** As many at once as there are processes otherwise. */
  #startSingle(): void {
    while (this.#single.size < (this.#options.processes ?? 2)) {
      const call = this.#waitingAlone.shift();
      if (call === undefined) return;
      this.#single.set(this.#start(this.#module), call);
    }
  }
}

/** @throws MqttError AWS_AUTHORIZER_LAMBDA, when it is not our part of the process that has sent it */
async function parsed(json: string): Promise<unknown> {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    throw functionFault("its answer is no JSON");
  }
}
