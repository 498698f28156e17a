import { randomUUID } from "node:crypto";
import { MqttError } from "@bowline/protocol";
import type { Logger } from "../log/logger.ts";
import type { Storage, StoredRule } from "../storage/storage.ts";
import type { Tenant } from "./tenant.ts";
import { monthOf, type Usage, UsageBook, type UsageOf } from "./usage-book.ts";

const COUNTED = ["messagesReceived", "messagesSent", "bytesReceived", "bytesSent"] as const;
type Counts = Record<(typeof COUNTED)[number], number>;
const NOTHING: Counts = { messagesReceived: 0, messagesSent: 0, bytesReceived: 0, bytesSent: 0 };

/** Stands beside the rules of its tenant. */
const ROW = "$usage:";
/** Where what is no tenant's stands in the store. No tenant can have that name. */
const OPERATOR = "$operator";
const ALIVE_ROW = "$alive";

/** Sessions that were there when a row was written, and are since then. */
interface Live {
  readonly sessions: number;
  /** The process that wrote it, and its monotonic time in ms. */
  readonly run: string;
  readonly at: number;
}

/** When a process was there last. */
interface Alive {
  readonly run: string;
  readonly at: number;
  /** Wall time in ms. */
  readonly wallTime: number;
}

interface Meter {
  readonly book: UsageBook;
  tenant: Tenant | undefined;
  /** Of the tenant's counters, which begin at zero with the process. */
  seen: Counts;
  /** So many since `at`, the monotonic time up to which they are in the book. */
  sessions: number;
  at: number;
}

/**
 * Counts what tenants use. Each second the sums of those that did something are written whole, so that nothing is ever added twice, and one
 * row for all says that the process was there: by it the next one knows how long the Sessions stood that nothing happened to. A crash
 * loses what came after the last second, and a tenant at rest costs a comparison.
 */
export class UsageMeters {
  readonly #storage: Storage;
  readonly #logger: Logger;
  readonly #meters = new Map<string, Meter>();
  readonly #run = randomUUID();
  #sampledAt: number;
  #wallTime = 0;

  /** `now` is monotonic, in ms. */
  constructor(storage: Storage, logger: Logger, now: number) {
    this.#storage = storage;
    this.#logger = logger;
    this.#sampledAt = now;
  }

  /** @throws MqttError STORE_DAMAGED */
  begin(rows: readonly StoredRule[]): void {
    const aliveRow = rows.find(({ tenant, id }) => tenant === OPERATOR && id === ALIVE_ROW);
    const alive = aliveRow === undefined ? undefined : parsed<Alive>(OPERATOR, aliveRow.rule);
    /** Of each tenant the latest that the last process wrote. */
    const standing = new Map<string, Live>();
    for (const { tenant, id, rule } of rows) {
      if (!id.startsWith(ROW)) continue;
      const row = parsed<Usage & { live?: Live }>(tenant, rule);
      readable(tenant, () => this.#meterOf(tenant).book.load(id.slice(ROW.length), row));
      const { live } = row;
      if (live !== undefined && live.run === alive?.run && live.at >= (standing.get(tenant)?.at ?? 0)) standing.set(tenant, live);
    }
    for (const [tenant, { sessions, at }] of standing)
      this.#meterOf(tenant).book.addSessions(sessions, alive!.wallTime - (alive!.at - at), alive!.wallTime);
  }

  /** Adds what happened since the last call. `now` is monotonic, `wallTime` names the hour. */
  sample(tenants: Iterable<Tenant>, now: number, wallTime: number): void {
    const before = this.#sampledAt;
    this.#sampledAt = Math.max(before, now);
    this.#wallTime = wallTime;
    let hasSessions = false;
    try {
      for (const tenant of tenants) {
        if (tenant.gate === "closed") continue;
        const meter = this.#meters.get(tenant.name) ?? this.#meterOf(tenant.name, before);
        hasSessions ||= tenant.sessions.size > 0;
        if (!isAtRest(meter, tenant)) this.#measure(meter, tenant, before);
      }
      // Behind all others, since it says how long what they say is true.
      const alive: Alive = { run: this.#run, at: this.#sampledAt, wallTime };
      if (hasSessions) this.#storage.putRule({ tenant: OPERATOR, id: ALIVE_ROW, order: -1, rule: JSON.stringify(alive) });
    } catch (error) {
      // A full disk: it stays in memory, and is written with the next sums.
      if (!MqttError.is(error)) throw error;
      this.#logger.debug({ error }, "usage could not be written");
    }
  }

  /** Of one tenant, the latest first. */
  of(tenant: string): { hours: UsageOf[]; months: UsageOf[] } {
    return this.#read(tenant)?.report() ?? { hours: [], months: [] };
  }

  /** Of the month that it is; undefined before anything was used in it. `wallTime` is in ms. */
  thisMonth(tenant: string, wallTime: number = Date.now()): UsageOf | undefined {
    const period = monthOf(wallTime);
    const sums = this.#read(tenant)?.of(period);
    return sums === undefined ? undefined : { period, ...sums };
  }

  /** The tenant goes; answers how many rows did. */
  drop(tenant: string): number {
    const periods = this.#meters.get(tenant)?.book.periods() ?? [];
    for (const period of periods) this.#storage.deleteRule(tenant, ROW + period);
    this.#meters.delete(tenant);
    return periods.length;
  }

  /** `before`: the monotonic time of the last look at it. */
  #measure(meter: Meter, tenant: Tenant, before: number): void {
    // One that was deleted and made anew counts from the beginning.
    if (meter.tenant !== tenant) meter.seen = { ...NOTHING };
    meter.tenant = tenant;
    const { counters, sessions } = tenant;
    let isNews = sessions.size !== meter.sessions;
    if (isNews) this.#settle(meter, before);
    meter.sessions = sessions.size;
    this.#settle(meter, this.#sampledAt);
    const added = { ...NOTHING };
    for (const name of COUNTED) {
      added[name] = counters[name] - meter.seen[name];
      meter.seen[name] = counters[name];
      isNews ||= added[name] !== 0;
    }
    if (isNews) meter.book.add(added, this.#wallTime);
    this.#write(tenant.name, meter);
  }

  /** Puts the Sessions into the book up to that time. */
  #settle(meter: Meter, until: number): void {
    const toWallTime = this.#wallTime - this.#sampledAt;
    if (meter.sessions > 0) meter.book.addSessions(meter.sessions, meter.at + toWallTime, until + toWallTime);
    meter.at = Math.max(meter.at, until);
  }

  #write(tenant: string, { book, sessions, at }: Meter): void {
    const live: Live = { sessions, run: this.#run, at };
    const month = monthOf(this.#wallTime);
    for (const [period, sums] of book.changes()) {
      const rule = JSON.stringify(period === month && sessions > 0 ? { ...sums, live } : sums);
      this.#storage.putRule({ tenant, id: ROW + period, order: -1, rule });
    }
    for (const hour of book.written()) this.#storage.deleteRule(tenant, ROW + hour);
  }

  #read(tenant: string): UsageBook | undefined {
    const meter = this.#meters.get(tenant);
    if (meter !== undefined) this.#settle(meter, this.#sampledAt);
    return meter?.book;
  }

  #meterOf(tenant: string, at: number = this.#sampledAt): Meter {
    let meter = this.#meters.get(tenant);
    if (meter === undefined) {
      meter = { book: new UsageBook(), tenant: undefined, seen: { ...NOTHING }, sessions: 0, at };
      this.#meters.set(tenant, meter);
    }
    return meter;
  }
}

/** Nothing happened to it since the last look, and the store has all there is to say. */
function isAtRest({ tenant: known, seen, sessions: count, book }: Meter, tenant: Tenant): boolean {
  const { counters, sessions } = tenant;
  return (
    known === tenant &&
    counters.bytesReceived === seen.bytesReceived &&
    counters.bytesSent === seen.bytesSent &&
    counters.messagesReceived === seen.messagesReceived &&
    counters.messagesSent === seen.messagesSent &&
    sessions.size === count &&
    !book.isChanged
  );
}

function parsed<T>(tenant: string, text: string): T {
  return readable(tenant, () => JSON.parse(text) as T);
}

function readable<T>(tenant: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new MqttError("STORE_DAMAGED", { detail: `the usage of the tenant "${tenant}" cannot be read`, cause });
  }
}
