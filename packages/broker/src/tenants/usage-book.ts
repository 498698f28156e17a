/** What a tenant used in an hour or a month (UTC). */
export interface Usage {
  /** Sessions, connected or kept, times the minutes that each was there. */
  readonly sessionMinutes: number;
  /** PUBLISH packets from clients. */
  readonly messagesReceived: number;
  /** PUBLISH packets to clients. */
  readonly messagesSent: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
}

/** The same with its hour (`2026-11-21T10`) or its month (`2026-11`). */
export interface UsageOf extends Usage {
  readonly period: string;
}

type Sums = { -readonly [K in keyof Usage]: Usage[K] };

/** Hours are for looking at what happened lately; months stay. */
const HOURS_KEPT = 8 * 24;
const HOUR_LENGTH = "2026-11-21T10".length;
const MONTH_LENGTH = "2026-11".length;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** The sums of one tenant, by hour and by month. All times are wall times in ms. */
export class UsageBook {
  readonly #periods = new Map<string, Sums>();
  /** Those whose rows in the store are older than they are. */
  readonly #changed = new Set<string>();
  #hasNewPeriod = false;

  get isChanged(): boolean {
    return this.#changed.size > 0;
  }

  /** Takes what the store holds. */
  load(period: string, { sessionMinutes, messagesReceived, messagesSent, bytesReceived, bytesSent }: Usage): void {
    const sums = { sessionMinutes, messagesReceived, messagesSent, bytesReceived, bytesSent };
    if (!Object.values(sums).every((value) => Number.isFinite(value))) throw new RangeError("a sum is no number");
    this.#periods.set(period, sums);
  }

  /** Adds what was counted to the hour and the month of that time. */
  add(counted: Omit<Usage, "sessionMinutes">, at: number): void {
    this.#add({ sessionMinutes: 0, ...counted }, at);
  }

  /** Adds so many Sessions to each hour and each month of that time. */
  addSessions(sessions: number, from: number, until: number): void {
    for (let at = from; at < until; ) {
      const end = Math.min(until, (Math.floor(at / HOUR_MS) + 1) * HOUR_MS);
      this.#add({ ...NOTHING, sessionMinutes: (sessions * (end - at)) / MINUTE_MS }, at);
      at = end;
    }
  }

  /** What has changed since the last call of `written`. */
  changes(): [period: string, sums: Usage][] {
    return [...this.#changed].map((period) => [period, this.#periods.get(period)!]);
  }

  /** The store has them. Answers the hours that it need keep no longer, which are gone from here. */
  written(): string[] {
    this.#changed.clear();
    if (!this.#hasNewPeriod) return [];
    this.#hasNewPeriod = false;
    const hours = this.periods().filter(isHour).sort();
    const old = hours.slice(0, Math.max(0, hours.length - HOURS_KEPT));
    for (const hour of old) this.#periods.delete(hour);
    return old;
  }

  periods(): string[] {
    return [...this.#periods.keys()];
  }

  of(period: string): Usage | undefined {
    return this.#periods.get(period);
  }

  /** The latest first. */
  report(): { hours: UsageOf[]; months: UsageOf[] } {
    const periods = [...this.#periods].sort(([a], [b]) => (a < b ? 1 : -1));
    const all = periods.map(([period, sums]) => ({ period, ...sums }));
    return { hours: all.filter(({ period }) => isHour(period)), months: all.filter(({ period }) => !isHour(period)) };
  }

  #add(added: Usage, at: number): void {
    const hour = hourOf(at);
    for (const period of [hour, hour.slice(0, MONTH_LENGTH)]) {
      let sums = this.#periods.get(period);
      if (sums === undefined) {
        this.#periods.set(period, (sums = { ...NOTHING }));
        this.#hasNewPeriod = true;
      }
      for (const name of NAMES) sums[name] += added[name];
      this.#changed.add(period);
    }
  }
}

const NOTHING: Usage = { sessionMinutes: 0, messagesReceived: 0, messagesSent: 0, bytesReceived: 0, bytesSent: 0 };
const NAMES = Object.keys(NOTHING) as readonly (keyof Usage)[];

/** Of a wall time in ms: `2026-11`. */
export function monthOf(at: number): string {
  return hourOf(at).slice(0, MONTH_LENGTH);
}

function hourOf(at: number): string {
  return new Date(at).toISOString().slice(0, HOUR_LENGTH);
}

function isHour(period: string): boolean {
  return period.length === HOUR_LENGTH;
}
