import type { MqttError } from "@bowline/protocol";
import type { AttemptRules } from "./attempt-rules.ts";
import type { IClientOptions } from "./options.ts";

/** Ms until the next attempt after a failure; undefined for none. */
export function retryDelay(
  error: MqttError,
  wasRefused: boolean,
  { reconnectPeriod = 1000, reconnectOnConnackError, bowline }: IClientOptions,
  rules: AttemptRules | undefined,
  nowMs: number,
): number | undefined {
  if (bowline?.reconnect === false) return undefined;
  const periodMs = reconnectPeriod > 0 ? reconnectPeriod : undefined;
  const isTried = !wasRefused || reconnectOnConnackError === true;
  return rules === undefined ? (isTried ? periodMs : undefined) : rules.delay(error, wasRefused, isTried, periodMs, nowMs);
}
