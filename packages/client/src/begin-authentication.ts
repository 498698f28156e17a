import type { Properties } from "@bowline/protocol";
import type { Clock } from "@bowline/protocol/internal";
import type { Authentication } from "./authentication.ts";
import type { Authenticator } from "./authenticator.ts";
import { aborted, onAbort } from "./on-abort.ts";

/** An enhanced authentication that has begun: properties of the CONNECT, and what goes on with them. */
export interface Authenticating {
  readonly authenticator: Authenticator;
  readonly properties: Properties;
}

/**
 * Loads what few clients need, and asks for the first data.
 *
 * @throws MqttError AUTH_FAILED, CREDENTIALS_TIMEOUT
 */
export async function beginAuthentication(
  authentication: Authentication,
  signal: AbortSignal,
  clock: Clock,
  limitMs: number,
): Promise<Authenticating> {
  const loaded = await import("./authenticator.ts");
  const authenticator = new loaded.Authenticator(authentication, clock, limitMs);
  onAbort(signal, () => authenticator.end(aborted(signal)));
  return { authenticator, properties: await authenticator.begin() };
}
