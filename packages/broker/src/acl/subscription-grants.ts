import type { QoS } from "@bowline/protocol";

/** A Subscription as rights are asked about it: its filter without `$share/ShareName/`. */
export interface GrantedFilter {
  readonly topicFilter: string;
  readonly qos: QoS;
}

/** Nobody answered: it is as it was, and soon asked about again. */
const RETRY_MS = 5_000;

/** More are looked through at once: a client that subscribes and unsubscribes without pause must not be remembered for ever. */
const REMEMBERED_MAX = 4_096;

/** The Subscriptions of one client that somebody outside decides about: when each is to be asked about again, and which are withdrawn. */
export class SubscriptionGrants {
  #dueAt = new Map<string, number>();
  #withdrawn = new Set<string>();
  /** Of a Session that was there before, every Subscription is due. */
  #nextDue = Number.NEGATIVE_INFINITY;

  get hasWithdrawn(): boolean {
    return this.#withdrawn.size > 0;
  }

  isWithdrawn(topicFilter: string, qos: QoS): boolean {
    return this.#withdrawn.size > 0 && this.#withdrawn.has(keyOf({ topicFilter, qos }));
  }

  isDue(now: number): boolean {
    return now >= this.#nextDue;
  }

  /** It holds until then; answers whether it was withdrawn. */
  grant(filter: GrantedFilter, until: number): boolean {
    const key = keyOf(filter);
    this.#put(key, until);
    return this.#withdrawn.delete(key);
  }

  /** It does not stand any more, and is asked about again then; answers whether it did. */
  withdraw(filter: GrantedFilter, until: number): boolean {
    const key = keyOf(filter);
    this.#put(key, until);
    if (this.#withdrawn.has(key)) return false;
    this.#withdrawn.add(key);
    return true;
  }

  postpone(filter: GrantedFilter, now: number): void {
    this.#put(keyOf(filter), now + RETRY_MS);
  }

  /** Those that are due, of all that there are; what is not there any more is forgotten. */
  takeDue(filters: Iterable<GrantedFilter>, now: number): GrantedFilter[] {
    const dueAt = new Map<string, number>();
    const withdrawn = new Set<string>();
    const due: GrantedFilter[] = [];
    this.#nextDue = Number.POSITIVE_INFINITY;
    for (const filter of filters) {
      const key = keyOf(filter);
      const at = this.#dueAt.get(key) ?? Number.NEGATIVE_INFINITY;
      if (this.#withdrawn.has(key)) withdrawn.add(key);
      if (at <= now) due.push(filter);
      else {
        dueAt.set(key, at);
        this.#nextDue = Math.min(this.#nextDue, at);
      }
    }
    [this.#dueAt, this.#withdrawn] = [dueAt, withdrawn];
    return due;
  }

  #put(key: string, at: number): void {
    this.#dueAt.set(key, at);
    if (this.#dueAt.size > REMEMBERED_MAX) this.#nextDue = Number.NEGATIVE_INFINITY;
    this.#nextDue = Math.min(this.#nextDue, at);
  }
}

function keyOf({ topicFilter, qos }: GrantedFilter): string {
  return `${qos}${topicFilter}`;
}
