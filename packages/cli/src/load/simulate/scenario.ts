import type { Message, WillOptions } from "@bowline/client";
import { MqttError, type QoS } from "@bowline/protocol";
import type { RandomSource } from "./random-source.ts";

/**
 * One device of a scenario, as its functions see it.
 *
 * @public
 */
export interface Device<State> {
  /** From 0. */
  readonly number: number;
  /** Its Client Identifier, and a level of its topics. */
  readonly id: string;
  readonly random: RandomSource;
  /** What it remembers: functions read and change it. */
  readonly state: State;
  /** A topic of its own: the scenario's prefix, its id, and these levels. */
  topic(levels: string): string;
}

/**
 * A message that a device publishes. A payload that is neither text nor bytes is sent as JSON.
 *
 * @public
 */
export interface DeviceMessage {
  /** Default, in the answer to a command: its Response Topic. */
  readonly topic?: string;
  readonly payload: unknown;
  /** Default 0. */
  readonly qos?: QoS;
  readonly retain?: boolean;
}

/**
 * What a function of a scenario answers: a message, several, or none.
 *
 * @public
 */
export type DeviceMessages = DeviceMessage | readonly DeviceMessage[] | undefined;

/**
 * Devices and what they do; see `scenario`.
 *
 * @public
 */
export interface Scenario<State> {
  /** One line for `bowline simulate --list`. */
  readonly title?: string;
  /** Default 10; `--devices` says otherwise. */
  readonly devices?: number;
  /** Beginning of each id, before a dash and the number. Default `device`. */
  readonly idPrefix?: string;
  /** What a device begins with. */
  state(device: Omit<Device<undefined>, "state">): State;
  /** What the broker publishes when the device vanishes. */
  will?(device: Device<State>): WillOptions;
  /** Published whenever the device has come online. */
  online?(device: Device<State>): DeviceMessages;
  readonly publish?: readonly ScenarioSchedule<State>[];
  readonly commands?: readonly ScenarioCommand<State>[];
  /** Connections that are cut without a goodbye, at random moments. */
  readonly drops?: ScenarioDrops;
}

/**
 * Messages at intervals, from a random moment of the first one on.
 *
 * @public
 */
export interface ScenarioSchedule<State> {
  /** Seconds from one to the next. */
  readonly every: number;
  /** Part of the interval (0 to 1) by which each is earlier or later. Default 0.1. */
  readonly jitter?: number;
  message(device: Device<State>): DeviceMessages;
}

/**
 * What a device does with messages for it.
 *
 * @public
 */
export interface ScenarioCommand<State> {
  filter(device: Device<State>): string;
  /** Default 0. */
  readonly qos?: QoS;
  /** What it answers is published. */
  handle(device: Device<State>, message: Message): DeviceMessages;
}

/** @public */
export interface ScenarioDrops {
  /** Seconds from one drop of a device to its next, on average. */
  readonly every: number;
  /** Seconds that the device is away, on average. */
  readonly away: number;
}

/**
 * Describes devices for `bowline simulate FILE`: the default export of that file. Chance comes from `device.random`, so that a run with
 * the same `--seed` does the same.
 *
 * ```ts
 * import { scenario } from "bowline";
 *
 * export default scenario({
 *   state: ({ random }) => ({ celsius: random.between(15, 25) }),
 *   publish: [{ every: 5, message: (device) => ({ topic: device.topic("celsius"), payload: device.state.celsius }) }],
 * });
 * ```
 *
 * @throws MqttError SCENARIO_INVALID
 * @public
 */
export function scenario<State>(given: Scenario<State>): Scenario<State> {
  const { devices = 1, publish = [], commands = [], drops, idPrefix = "device" } = given;
  check(typeof given.state === "function", "state must be a function that answers what a device begins with");
  check(Number.isSafeInteger(devices) && devices > 0, "devices must be a whole number above 0");
  check(/^[^/+#\0]+$/.test(idPrefix), "idPrefix must be a part of a topic level");
  check(publish.length + commands.length > 0, "devices must publish or take commands: give publish or commands");
  for (const [i, schedule] of publish.entries()) {
    const { every, jitter = 0 } = schedule;
    check(every > 0, `publish[${i}].every must be a number of seconds above 0`);
    check(jitter >= 0 && jitter <= 1, `publish[${i}].jitter must be from 0 to 1`);
    check(typeof schedule.message === "function", `publish[${i}].message must be a function`);
  }
  for (const [i, command] of commands.entries())
    check(
      typeof command.filter === "function" && typeof command.handle === "function",
      `commands[${i}] must have the functions filter and handle`,
    );
  if (drops !== undefined) check(drops.every > 0 && drops.away >= 0, "drops.every must be above 0, and drops.away not below it");
  return given;
}

function check(isWell: boolean, detail: string): void {
  if (!isWell) throw new MqttError("SCENARIO_INVALID", { detail });
}
