/** Lets so many in at once, and so many more wait in order of arrival. */
export class Turnstile {
  readonly #maximum: number;
  readonly #maximumWaiting: number;
  readonly #waiting = new Set<() => void>();
  #inside = 0;

  constructor(maximum: number, maximumWaiting: number) {
    this.#maximum = maximum;
    this.#maximumWaiting = maximumWaiting;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** `full` when too many wait, `aborted` when the signal came first; else call `leave` in the end. */
  async enter(signal?: AbortSignal): Promise<"inside" | "full" | "aborted"> {
    if (signal?.aborted) return "aborted";
    if (this.#inside < this.#maximum) {
      this.#inside++;
      return "inside";
    }
    if (this.#waiting.size >= this.#maximumWaiting) return "full";
    return new Promise((resolve) => {
      const giveUp = (): void => {
        this.#waiting.delete(start);
        resolve("aborted");
      };
      const start = (): void => {
        signal?.removeEventListener("abort", giveUp);
        resolve("inside");
      };
      signal?.addEventListener("abort", giveUp, { once: true });
      this.#waiting.add(start);
    });
  }

  /** Hands the place to the one who waited longest. */
  leave(): void {
    for (const start of this.#waiting) {
      this.#waiting.delete(start);
      start();
      return;
    }
    this.#inside--;
  }
}
