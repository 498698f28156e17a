import { MqttError } from "@bowline/protocol";
import { type RandomSource, randomSource } from "./random-source.ts";
import type { Device, DeviceMessage, DeviceMessages, Scenario, ScenarioSchedule } from "./scenario.ts";

/** Whatever a device remembers: of no concern to those who run it. */
export type AnyState = unknown;

/** The devices of one run. */
export interface ScenarioRun {
  readonly scenario: Scenario<AnyState>;
  readonly seed: number;
  readonly prefix: string;
  /** Client Identifier of the devices, with `%i` for the number; undefined leaves it to the scenario. */
  readonly clientId?: string | undefined;
}

/** Makes the device of that number. */
export function scenarioDevice({ scenario, seed, prefix, clientId }: ScenarioRun, number: number): Device<AnyState> {
  const template = clientId ?? scenario.idPrefix ?? "device";
  const id = (template.includes("%i") ? template : `${template}-%i`).replaceAll("%i", String(number));
  const topic = (levels: string): string => `${prefix}/${id}/${levels}`;
  const device = { number, id, random: randomSource(seed, number), topic };
  return { ...device, state: called("state", () => scenario.state(device)) };
}

/** ms from the start to a schedule's first message, and from one message to the next. */
export function firstDelay({ every }: ScenarioSchedule<AnyState>, random: RandomSource): number {
  return random.between(0, every) * 1_000;
}

export function nextDelay({ every, jitter = 0.1 }: ScenarioSchedule<AnyState>, random: RandomSource): number {
  return every * 1_000 * (1 + random.between(-jitter, jitter));
}

/** Runs a function of the scenario's author. */
export function called<T>(what: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (MqttError.is(cause)) throw cause;
    throw new MqttError("SCENARIO_INVALID", { detail: `${what} failed: ${(cause as Error).message}`, cause });
  }
}

export function messagesOf(messages: DeviceMessages): readonly DeviceMessage[] {
  if (messages === undefined) return [];
  return Array.isArray(messages) ? (messages as readonly DeviceMessage[]) : [messages as DeviceMessage];
}

export function payloadOf(payload: unknown): string | Uint8Array {
  return typeof payload === "string" || payload instanceof Uint8Array ? payload : (JSON.stringify(payload) ?? "");
}

/** @throws MqttError SCENARIO_INVALID */
export function withoutTopic(): never {
  throw new MqttError("SCENARIO_INVALID", { detail: "a message has no topic, and answers none that names one" });
}
