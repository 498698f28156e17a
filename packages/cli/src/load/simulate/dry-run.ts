import type { Device, ScenarioSchedule } from "./scenario.ts";
import {
  type AnyState,
  called,
  firstDelay,
  messagesOf,
  nextDelay,
  payloadOf,
  scenarioDevice,
  type ScenarioRun,
  withoutTopic,
} from "./scenario-device.ts";

/** A message as it would leave. */
export interface DryMessage {
  /** Seconds from the start. */
  readonly at: number;
  readonly topic: string;
  readonly payload: string | Uint8Array;
}

interface Due {
  readonly atMs: number;
  readonly device: Device<AnyState>;
  readonly schedule: ScenarioSchedule<AnyState> | undefined;
}

/** What the devices of a scenario would publish by themselves in that time, in order, without a broker and without waiting. */
export function* dryRun(run: ScenarioRun, devices: number, seconds: number): Generator<DryMessage> {
  const { scenario } = run;
  const { publish = [] } = scenario;
  const all = Array.from({ length: devices }, (_, number) => scenarioDevice(run, number));
  const waiting: Due[] = all.flatMap((device) => [
    { atMs: 0, device, schedule: undefined },
    ...publish.map((schedule) => ({ atMs: firstDelay(schedule, device.random), device, schedule })),
  ]);
  for (;;) {
    const next = waiting.reduce((first, one) => (one.atMs < first.atMs ? one : first), NEVER);
    if (next.atMs > seconds * 1_000) return;
    waiting.splice(waiting.indexOf(next), 1);
    const { atMs, device, schedule } = next;
    const messages = called("message", () => (schedule === undefined ? scenario.online?.(device) : schedule.message(device)));
    for (const { topic = withoutTopic(), payload } of messagesOf(messages))
      yield { at: Math.round(atMs) / 1_000, topic, payload: payloadOf(payload) };
    if (schedule !== undefined) waiting.push({ atMs: atMs + nextDelay(schedule, device.random), device, schedule });
  }
}

const NEVER: Due = { atMs: Number.POSITIVE_INFINITY, device: undefined as never, schedule: undefined };
