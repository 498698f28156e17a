import { type Clock, ReasonCode, type RefuseConnect } from "@bowline/protocol/internal";
import { AttemptLimiter } from "../auth/attempt-limiter.ts";
import type { Counters } from "../metrics/counters.ts";
import type { BrokerLimits } from "./broker-limits.ts";
import { LastComers } from "./last-comers.ts";
import { type MemoryHeld, memoryAllowed, memoryHeld } from "./memory-held.ts";
import { refusal } from "./connect-rules.ts";

/** What the gate looks at. */
export interface GateHost {
  readonly clock: Clock;
  readonly limits: BrokerLimits;
}

/** Who comes, as far as authentication has found out. */
export interface Comer {
  readonly tenant: string;
  readonly owner: string;
  /** Undefined where the broker assigns it: nobody comes back by that. */
  readonly clientIdentifier: string | undefined;
}

/** Clients whose reconnects are counted; those seen longest ago are forgotten. */
const CLIENTS_MAXIMUM = 65_536;
const MINUTE_MS = 60_000;
const LAGS = "the broker lags (maximumLagMs)";

/**
 * Refuses new connections before those that are open suffer: when the process lags or holds too much memory, before anybody is
 * authenticated, and clients that come back again and again, after that, so that nobody is held off by a stranger who uses its name.
 */
export class AdmissionGate {
  private readonly host: GateHost;
  private readonly memory: () => MemoryHeld;
  private lookedAt = Number.NaN;
  /** Looks in a row that came too late. */
  private late = 0;
  /** What is used up, in words. */
  private full: string | undefined;
  private readonly comers = new LastComers();
  private reconnects: AttemptLimiter | undefined;
  private reconnectsPerMinute = 0;

  constructor(host: GateHost, memory: () => MemoryHeld = memoryHeld) {
    this.host = host;
    this.memory = memory;
  }

  /** Called each `everyMs`, by a timer: how late it is shows how long everybody waits. */
  look(everyMs: number): void {
    const { clock, limits } = this.host;
    const now = clock.now();
    // The first look, too, is on time: there is none to be late after.
    const isLate = limits.maximumLagMs > 0 && now - this.lookedAt > everyMs + limits.maximumLagMs;
    this.late = isLate ? this.late + 1 : 0;
    this.lookedAt = now;
    this.full = fullOf(this.memory(), memoryAllowed(limits.maximumMemoryBytes));
  }

  /** What there is too little of, in words; undefined for nothing. One late look may be a pause of the machine; two in a row are load. */
  get overload(): string | undefined {
    return this.full ?? (this.late > 1 ? LAGS : undefined);
  }

  get isOverloaded(): boolean {
    return this.overload !== undefined;
  }

  /** Before authentication, which is work. */
  refuseEarly(counters: Counters): RefuseConnect | undefined {
    const { overload } = this;
    if (overload === undefined) return undefined;
    counters.refusedOverload++;
    return refusal(overload === LAGS ? ReasonCode.ServerBusy : ReasonCode.QuotaExceeded, overload);
  }

  /** After it. */
  refuseFlapping({ tenant, owner, clientIdentifier }: Comer, counters: Counters): RefuseConnect | undefined {
    const { reconnectsPerMinute } = this.host.limits;
    if (reconnectsPerMinute === 0 || clientIdentifier === undefined) return undefined;
    const key = `${tenant}\0${owner}\0${clientIdentifier}`;
    const before = this.comers.come(key, this.host.clock.now());
    const limiter = this.limiterOf(reconnectsPerMinute);
    // Nothing is kept of those who come once.
    if (Number.isNaN(before) && !limiter.watches(key)) return undefined;
    if (limiter.take(key, before)) return undefined;
    counters.refusedFlapping++;
    const detail = "the client connects again and again (reconnectsPerMinute)";
    return refusal(ReasonCode.ConnectionRateExceeded, detail, { reasonString: `RATE: ${detail}` });
  }

  private limiterOf(perMinute: number): AttemptLimiter {
    if (this.reconnects === undefined || this.reconnectsPerMinute !== perMinute) {
      const limit = { burst: perMinute, refillMs: MINUTE_MS / perMinute, maximumKeys: CLIENTS_MAXIMUM };
      this.reconnects = new AttemptLimiter(limit, () => this.host.clock.now());
      this.reconnectsPerMinute = perMinute;
    }
    return this.reconnects;
  }
}

function fullOf(held: MemoryHeld, allowed: MemoryHeld): string | undefined {
  if (held.all > allowed.all) return "the broker holds as much memory as it may (maximumMemoryBytes)";
  return held.heap > allowed.heap ? "the heap of the process is nearly full (--max-old-space-size)" : undefined;
}
