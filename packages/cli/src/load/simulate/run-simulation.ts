import { setTimeout as sleep } from "node:timers/promises";
import type { MqttError } from "@bowline/protocol";
import type { ConnectionTarget } from "../../connection-options.ts";
import { numberedTarget } from "../numbered-target.ts";
import { scenarioDevice, type ScenarioRun } from "./scenario-device.ts";
import { type DeviceWatcher, SimulatedDevice } from "./simulated-device.ts";

/** What has come of a simulation so far. */
export interface SimulationCounts {
  devices: number;
  online: number;
  /** Devices that were online at least once. */
  connected: number;
  published: number;
  /** Publications that the broker refused, or whose fate is unknown. */
  publishFailures: number;
  commands: number;
  /** Cuts that the scenario asked for, and losses that nobody did. */
  drops: number;
  losses: number;
  failedAttempts: number;
}

export interface SimulationOrder {
  readonly devices: number;
  /** From when all have begun; undefined: until the signal. */
  readonly durationMs: number | undefined;
  /** Seconds over which the devices come online. */
  readonly ramp: number;
  /** Told every message. */
  readonly onPublished?: (topic: string, payload: string | Uint8Array) => void;
  /** Told each second. */
  readonly onProgress?: (counts: SimulationCounts) => void;
}

/**
 * Runs the devices of a scenario against a broker.
 *
 * @throws MqttError of the scenario's own faults, and of the first attempt when no device ever came online
 */
export async function runSimulation(
  run: ScenarioRun,
  target: ConnectionTarget,
  order: SimulationOrder,
  signal: AbortSignal,
): Promise<SimulationCounts> {
  const simulation = new Simulation(order);
  const timer = setInterval(() => order.onProgress?.(simulation.counts), 1_000);
  const devices: SimulatedDevice[] = [];
  const end = AbortSignal.any([signal, simulation.failed.signal]);
  try {
    for (let number = 0; number < order.devices && !end.aborted; number++) {
      if (order.ramp > 0) await sleep((order.ramp * 1_000) / order.devices, undefined, { signal: end }).catch(() => {});
      const one = numberedTarget(target, number, order.devices);
      const device = new SimulatedDevice(run, scenarioDevice(run, number), one, simulation);
      devices.push(device);
      device.start();
    }
    // Timers hold no more than this, which is 24 days.
    await sleep(order.durationMs ?? 2 ** 31 - 1, undefined, { signal: end }).catch(() => {});
  } finally {
    clearInterval(timer);
    await Promise.all(devices.map((device) => device.stop()));
  }
  simulation.throwFault();
  return simulation.counts;
}

class Simulation implements DeviceWatcher {
  readonly counts: SimulationCounts;
  readonly failed = new AbortController();
  private readonly order: SimulationOrder;
  /** What ended the simulation. */
  private fault: Error | undefined;

  constructor(order: SimulationOrder) {
    this.order = order;
    const none = { online: 0, connected: 0, published: 0, publishFailures: 0, commands: 0, drops: 0, losses: 0, failedAttempts: 0 };
    this.counts = { devices: order.devices, ...none };
  }

  online(isBack: boolean): void {
    this.counts.online++;
    if (!isBack) this.counts.connected++;
  }

  dropped(): void {
    this.counts.online--;
    this.counts.drops++;
  }

  lost(): void {
    this.counts.online--;
    this.counts.losses++;
  }

  attemptFailed(error: MqttError): void {
    const { counts } = this;
    counts.failedAttempts++;
    // Where every device has failed and none came online, the reason is not the device's.
    if (counts.connected === 0 && counts.failedAttempts >= Math.min(counts.devices, 3)) this.broken(error);
  }

  published(topic: string, payload: string | Uint8Array): void {
    this.counts.published++;
    this.order.onPublished?.(topic, payload);
  }

  publishFailed(): void {
    this.counts.publishFailures++;
  }

  commanded(): void {
    this.counts.commands++;
  }

  broken(error: unknown): void {
    this.fault ??= error instanceof Error ? error : new Error(String(error));
    this.failed.abort();
  }

  throwFault(): void {
    if (this.fault !== undefined) throw this.fault;
  }
}
