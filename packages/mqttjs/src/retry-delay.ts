import type { MqttError } from "@bowline/protocol";
import type { RetryPolicy } from "@bowline/client/internal";
import type { AttemptCredentials } from "./attempt-credentials.ts";
import type { IClientOptions } from "./options.ts";

/** Ms until the next attempt after a failure; undefined for none. */
export function retryDelay(
  error: MqttError,
  wasRefused: boolean,
  { reconnectPeriod = 1000, reconnectOnConnackError, bowline }: IClientOptions,
  credentials: AttemptCredentials | undefined,
  policy: RetryPolicy | undefined,
  nowMs: number,
): number | undefined {
  if (bowline?.reconnect === false) return undefined;
  const isAuthentication = error.retry === "new-credentials";
  const hasNewCredentials = credentials?.mayChange === true;
  if (isAuthentication && wasRefused) credentials?.refuse(error);
  // Refused without having been sent: the callback answered with the refused ones again.
  else if (isAuthentication && credentials !== undefined) return undefined;
  if (policy !== undefined) {
    const { code, stage, retry } = error;
    return policy.next({ code, stage, retry, hasNewCredentials }, nowMs);
  }
  const isTried = !wasRefused || reconnectOnConnackError === true || (isAuthentication && hasNewCredentials);
  return reconnectPeriod > 0 && isTried ? reconnectPeriod : undefined;
}
