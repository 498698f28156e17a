/** Remembers answers of somebody outside that end. */
export interface Expiring {
  readonly tenant: string;
  /** Forgets what has ended: whether something had, and when the next does (monotonic ms; Infinity for nothing left). */
  forgetEnded(now: number): { hasForgotten: boolean; endsNext: number };
}

/** Routes remember what was allowed and are worked out again when that ends, all at once: so not for each answer alone. */
const LOOK_EVERY_MS = 5_000;

/** Whose answers end: where one was allowed, a route may still rest on it, so somebody has to look. */
export class AnswerExpiry {
  readonly now: () => number;
  readonly #watched = new Map<Expiring, number>();
  #lookAt = 0;

  constructor(now: () => number = () => performance.now()) {
    this.now = now;
  }

  /** An answer was remembered until then. */
  watch(whose: Expiring, endsAt: number): void {
    if (endsAt === Number.POSITIVE_INFINITY) return;
    this.#watched.set(whose, Math.min(endsAt, this.#watched.get(whose) ?? endsAt));
  }

  /** Call it now and then. Answers the tenants whose routes may rest on an answer that has ended. */
  sweep(): ReadonlySet<string> {
    const tenants = new Set<string>();
    const now = this.now();
    if (now < this.#lookAt) return tenants;
    this.#lookAt = now + LOOK_EVERY_MS;
    for (const [whose, endsAt] of this.#watched) {
      if (endsAt > now) continue;
      const { hasForgotten, endsNext } = whose.forgetEnded(now);
      if (hasForgotten) tenants.add(whose.tenant);
      if (endsNext === Number.POSITIVE_INFINITY) this.#watched.delete(whose);
      else this.#watched.set(whose, endsNext);
    }
    return tenants;
  }
}
