import type { Logger } from "../log/logger.ts";
import type { FrontEvent } from "./front-event.ts";

/** Strangers knock all day at a public port, and a flood of them must not fill the disk with lines. */
const LINES_MAX = 20;
const WINDOW_MS = 10_000;

/**
 * Says who was refused at the front of the listeners and why, so that whoever looks for a client finds it: so many lines in ten seconds,
 * and how many more there were. Who leaves again without a word is a health check most often, and told at `debug` alone.
 */
export class FrontLog {
  readonly #logger: Logger;
  readonly #now: () => number;
  #lines = 0;
  #unsaid = 0;
  #windowEnds = 0;

  /** `now` is monotonic, in ms. */
  constructor(logger: Logger, now: () => number = () => performance.now()) {
    this.#logger = logger;
    this.#now = now;
  }

  note(event: FrontEvent): void {
    const { cause, message, remoteAddress, ...others } = event;
    // The name that every line has it by, so that `log.hide` finds it.
    const fields = { from: remoteAddress, ...others };
    if (cause === "acceptFailed") this.#logger.error({ cause, ...fields }, message);
    else if (cause === "closedEarly" || !this.#mayTell()) this.#logger.debug({ cause, reason: message, ...fields }, REFUSED);
    else this.#logger.info({ cause, reason: message, ...fields }, REFUSED);
  }

  #mayTell(): boolean {
    if (this.#now() >= this.#windowEnds) this.#beginWindow();
    if (this.#lines++ < LINES_MAX) return true;
    this.#unsaid++;
    return false;
  }

  #beginWindow(): void {
    if (this.#unsaid > 0)
      this.#logger.info({ count: this.#unsaid }, "further connections were refused at the front; the metrics count them by cause");
    this.#lines = 0;
    this.#unsaid = 0;
    this.#windowEnds = this.#now() + WINDOW_MS;
  }
}

const REFUSED = "connection refused at the front";
