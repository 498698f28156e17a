import { MqttError } from "@bowline/protocol";
import type { Logger } from "../log/logger.ts";
import type { Storage, StoredRule } from "../storage/storage.ts";
import type { Tenant } from "./tenant.ts";

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
const COUNTED = ["messagesReceived", "messagesSent", "bytesReceived", "bytesSent"] as const;

/** Stands beside the rules of its tenant, so many seconds apart at most that a crash loses. */
const ROW = "$usage:";
/** Hours are for looking at what happened lately; months stay. */
const HOURS_KEPT = 8 * 24;
const HOUR_LENGTH = "2026-11-21T10".length;
const MINUTE_MS = 60_000;

interface Meter {
  /** By hour and by month. */
  readonly periods: Map<string, Sums>;
  /** Of the tenant's counters, which begin at zero with the process. */
  seen: Record<(typeof COUNTED)[number], number>;
  tenant: Tenant | undefined;
}

/**
 * Counts what tenants use. Each second what was added is written as the whole sum of its hour and of its month: a crash loses what came
 * after the last one, and nothing is ever added twice.
 */
export class UsageMeters {
  readonly #storage: Storage;
  readonly #logger: Logger;
  readonly #meters = new Map<string, Meter>();
  #sampledAt: number;

  /** `now` is monotonic, in ms. */
  constructor(storage: Storage, logger: Logger, now: number) {
    this.#storage = storage;
    this.#logger = logger;
    this.#sampledAt = now;
  }

  /** @throws MqttError STORE_DAMAGED */
  begin(rows: readonly StoredRule[]): void {
    for (const { tenant, id, rule } of rows) {
      if (!id.startsWith(ROW)) continue;
      this.#meterOf(tenant).periods.set(id.slice(ROW.length), sumsIn(tenant, rule));
    }
  }

  /** Adds what happened since the last call. `now` is monotonic, `wallTime` names the hour. */
  sample(tenants: Iterable<Tenant>, now: number, wallTime: number): void {
    const minutes = Math.max(0, now - this.#sampledAt) / MINUTE_MS;
    this.#sampledAt = now;
    const time = new Date(wallTime).toISOString();
    try {
      for (const tenant of tenants) if (tenant.gate !== "closed") this.#add(tenant, minutes, time);
    } catch (error) {
      // A full disk: it stays in memory, and is written with the next sums.
      if (!MqttError.is(error)) throw error;
      this.#logger.debug({ error }, "usage could not be written");
    }
  }

  /** Of one tenant, the latest first. */
  of(tenant: string): { hours: UsageOf[]; months: UsageOf[] } {
    const periods = [...(this.#meters.get(tenant)?.periods ?? [])].sort(([a], [b]) => (a < b ? 1 : -1));
    const all = periods.map(([period, sums]) => ({ period, ...sums }));
    return {
      hours: all.filter(({ period }) => period.length === HOUR_LENGTH),
      months: all.filter(({ period }) => period.length < HOUR_LENGTH),
    };
  }

  /** Of the month that it is; undefined before anything was used in it. `wallTime` is in ms. */
  thisMonth(tenant: string, wallTime: number = Date.now()): UsageOf | undefined {
    const period = new Date(wallTime).toISOString().slice(0, "2026-11".length);
    const sums = this.#meters.get(tenant)?.periods.get(period);
    return sums === undefined ? undefined : { period, ...sums };
  }

  /** The tenant goes; answers how many rows did. */
  drop(tenant: string): number {
    const periods = [...(this.#meters.get(tenant)?.periods.keys() ?? [])];
    for (const period of periods) this.#storage.deleteRule(tenant, ROW + period);
    this.#meters.delete(tenant);
    return periods.length;
  }

  #add(tenant: Tenant, minutes: number, time: string): void {
    const meter = this.#meterOf(tenant.name);
    // One that was deleted and made anew counts from the beginning.
    if (meter.tenant !== tenant) meter.seen = { messagesReceived: 0, messagesSent: 0, bytesReceived: 0, bytesSent: 0 };
    meter.tenant = tenant;
    const { counters, sessions } = tenant;
    const added: Sums = {
      sessionMinutes: sessions.size * minutes,
      messagesReceived: 0,
      messagesSent: 0,
      bytesReceived: 0,
      bytesSent: 0,
    };
    for (const name of COUNTED) {
      added[name] = counters[name] - meter.seen[name];
      meter.seen[name] = counters[name];
    }
    if (Object.values(added).every((value) => value === 0)) return;
    const hour = time.slice(0, HOUR_LENGTH);
    const isNew = !meter.periods.has(hour);
    const changed = [hour, time.slice(0, "2026-11".length)];
    for (const period of changed) addTo(meter.periods, period, added);
    for (const period of changed) this.#keep(tenant.name, period, meter.periods.get(period)!);
    if (isNew) this.#forgetOld(tenant.name, meter);
  }

  #keep(tenant: string, period: string, sums: Sums): void {
    this.#storage.putRule({ tenant, id: ROW + period, order: -1, rule: JSON.stringify(sums) });
  }

  #forgetOld(tenant: string, { periods }: Meter): void {
    const hours = [...periods.keys()].filter((period) => period.length === HOUR_LENGTH).sort();
    for (const hour of hours.slice(0, Math.max(0, hours.length - HOURS_KEPT))) {
      this.#storage.deleteRule(tenant, ROW + hour);
      periods.delete(hour);
    }
  }

  #meterOf(tenant: string): Meter {
    let meter = this.#meters.get(tenant);
    if (meter === undefined) {
      const seen = { messagesReceived: 0, messagesSent: 0, bytesReceived: 0, bytesSent: 0 };
      this.#meters.set(tenant, (meter = { periods: new Map(), seen, tenant: undefined }));
    }
    return meter;
  }
}

function addTo(periods: Map<string, Sums>, period: string, added: Usage): void {
  const sums = periods.get(period) ?? { sessionMinutes: 0, messagesReceived: 0, messagesSent: 0, bytesReceived: 0, bytesSent: 0 };
  for (const name of Object.keys(added) as (keyof Usage)[]) sums[name] += added[name];
  periods.set(period, sums);
}

function sumsIn(tenant: string, text: string): Sums {
  try {
    const { sessionMinutes, messagesReceived, messagesSent, bytesReceived, bytesSent } = JSON.parse(text) as Sums;
    const sums = { sessionMinutes, messagesReceived, messagesSent, bytesReceived, bytesSent };
    if (Object.values(sums).every((value) => Number.isFinite(value))) return sums;
    throw new RangeError("a sum is no number");
  } catch (cause) {
    throw new MqttError("STORE_DAMAGED", { detail: `the usage of the tenant "${tenant}" cannot be read`, cause });
  }
}
