/** Failures in a row that show that nobody is there. */
const FAILURES = 5;
/** How long nobody is asked then. */
const OPEN_MS = 5_000;

/** Stops asking somebody who does not answer: all would wait for their time limit, and it would get no rest. Then one asks again. */
export class CircuitBreaker {
  readonly #now: () => number;
  #failures = 0;
  #openUntil = 0;
  #isProbing = false;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether to ask now; whoever may must call `succeeded`, `failed` or `gaveUp`. */
  mayAsk(): boolean {
    if (this.#failures < FAILURES) return true;
    if (this.#isProbing || this.#now() < this.#openUntil) return false;
    this.#isProbing = true;
    return true;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#isProbing = false;
  }

  failed(): void {
    this.#failures++;
    this.#isProbing = false;
    if (this.#failures >= FAILURES) this.#openUntil = this.#now() + OPEN_MS;
  }

  /** It ended without telling anything. */
  gaveUp(): void {
    this.#isProbing = false;
  }
}
