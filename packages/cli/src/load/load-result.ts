import type { ConnectionTimes } from "./connection-times.ts";
import type { DeliveryFaults } from "./sequence-ledger.ts";

/** What a run found. */
export interface LoadResult extends DeliveryFaults {
  /**
   * Everything expected arrived, each message once, in order, whole and at the right subscriber, every publish was acknowledged in order,
   * no connection failed, and an open loop kept its rate. Only then is the rest a measurement.
   */
  readonly ok: boolean;
  /** Why not, where a connection failed: the first reasons. */
  readonly reasons: readonly string[];
  /** Measured seconds. */
  readonly seconds: number;
  readonly sentPerSecond: number;
  readonly receivedPerSecond: number;
  /** Deliveries of the whole run. */
  readonly expected: number;
  readonly received: number;
  readonly lost: number;
  /** Publishes of the whole run that were never acknowledged (QoS 1 and 2). */
  readonly unacknowledged: number;
  /** Messages of an open loop that were due by the end and had not left: the broker, or this machine, is too slow for the rate. */
  readonly unsent: number;
  readonly failed: number;
  /**
   * From when a message was sent, or due in an open loop, to its delivery; without subscribers to its acknowledgement. In a closed loop
   * that is queue depth, not latency. Zeros where nothing of the kind happens.
   */
  readonly latencyUs: Percentiles;
  /** Of each connection, where the options ask for them. */
  readonly times: readonly ConnectionTimes[];
  /** CPU of the broker's process in the measured time: seconds, cores, and seconds for each million deliveries. */
  readonly broker: CpuUse & { readonly rssKiB: number };
  /** The generator's own. */
  readonly own: CpuUse;
}

/** Values that a part of all did not exceed. */
export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export interface CpuUse {
  readonly user: number;
  readonly system: number;
  readonly cores: number;
  readonly secondsPerMillion: number;
}

export function cpuUse(user: number, system: number, seconds: number, messages: number): CpuUse {
  const total = user + system;
  return {
    user: rounded(user),
    system: rounded(system),
    cores: seconds > 0 ? rounded(total / seconds) : 0,
    secondsPerMillion: messages === 0 ? 0 : rounded((total * 1e6) / messages),
  };
}

function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
