import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";

/** As text, since a file of its own would have to be found from the sources as well as from what is built of them. */
const PROGRAM = `
const { parentPort, workerData } = require("node:worker_threads");
const loaded = import(workerData);
parentPort.on("message", async ({ password, hash }) => {
  const { default: bcrypt } = await loaded;
  parentPort.postMessage(bcrypt.compareSync(password, hash));
});
`;
/** How long a thread that has nothing to do stays: an import's first logins come together. */
const IDLE_MS = 30_000;

interface Waiting {
  readonly resolve: (isRight: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Checks bcrypt hashes on a thread of its own: it is computed in JavaScript, 66 ms for a cost of 10 and more than a second for 14, in which
 * the event loop would serve nobody. Only imported hashes are so, until their first login.
 */
class BcryptThread {
  /** In the order of their questions, which is that of the answers. */
  readonly #waiting: Waiting[] = [];
  #worker: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;

  compare(password: string, hash: string): Promise<boolean> {
    clearTimeout(this.#idle);
    const worker = (this.#worker ??= this.#start());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      worker.postMessage({ password, hash }, []);
    });
  }

  #start(): Worker {
    const bcrypt = pathToFileURL(createRequire(import.meta.url).resolve("bcryptjs")).href;
    const worker = new Worker(PROGRAM, { eval: true, workerData: bcrypt });
    // It must not hold the process.
    worker.unref();
    worker.on("message", (isRight: boolean) => {
      this.#waiting.shift()?.resolve(isRight);
      if (this.#waiting.length === 0) this.#idle = setTimeout(() => this.#end(worker), IDLE_MS).unref();
    });
    worker.on("error", (error) => {
      this.#worker = undefined;
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    });
    return worker;
  }

  #end(worker: Worker): void {
    this.#worker = undefined;
    void worker.terminate();
  }
}

const thread = new BcryptThread();

/** Whether it is the password of a bcrypt hash. */
export function compareBcrypt(password: string, hash: string): Promise<boolean> {
  return thread.compare(password, hash);
}
