import { MqttError } from "@bowline/protocol";
import type { Clock } from "@bowline/protocol/internal";
import { aborted, onAbort } from "./on-abort.ts";
import type { ConnectOptions, Credentials, CredentialsRequest } from "./options.ts";

/**
 * Asks for the credentials of one attempt. Aborting the controller ends the wait without an answer that anybody hears.
 *
 * @throws MqttError CREDENTIALS_FAILED, CREDENTIALS_TIMEOUT
 */
export async function askCredentials(
  source: ConnectOptions["credentials"],
  request: Omit<CredentialsRequest, "signal">,
  controller: AbortController,
  clock: Clock,
  timeLimitMs: number,
): Promise<Credentials> {
  if (typeof source !== "function") return source ?? {};
  const { signal } = controller;
  let timer: unknown;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = clock.setTimer(() => {
      reject(new MqttError("CREDENTIALS_TIMEOUT"));
      controller.abort();
    }, timeLimitMs);
    // Whoever closes waits for no callback, and leaves no timer.
    onAbort(signal, () => reject(aborted(signal)));
  });
  try {
    return checked(await Promise.race([source({ ...request, signal }), tooLate]));
  } catch (error) {
    throw MqttError.is(error) ? error : new MqttError("CREDENTIALS_FAILED", { cause: error });
  } finally {
    clock.clearTimer(timer);
  }
}

function checked(given: unknown): Credentials {
  const credentials: Credentials | null = typeof given === "object" ? given : null;
  if (credentials === null) throw new MqttError("CREDENTIALS_FAILED", { detail: "the callback returned no object" });
  if (Number.isNaN(Number(credentials.expiresAt ?? 0))) throw new MqttError("CREDENTIALS_FAILED", { detail: "expiresAt" });
  return credentials;
}

/** Equal for credentials that a server cannot tell apart; never leaves the process. */
export function fingerprint({ username, password, url, query, headers, clientId, tls, authentication }: Credentials): string {
  const secret = password instanceof Uint8Array ? [...password] : password;
  return JSON.stringify([username, secret, url, query, headers, clientId, tls?.cert, tls?.key, numberOf(authentication)]);
}

const numbers = new WeakMap<object, number>();
let lastNumber = 0;

/** What an authentication function knows cannot be seen, so each object is one of its own. */
function numberOf(authentication: object | undefined): number {
  if (authentication === undefined) return 0;
  const known = numbers.get(authentication) ?? ++lastNumber;
  numbers.set(authentication, known);
  return known;
}

/**
 * When to ask again, in ms from now: a fifth of the life before the end, at most a minute before, and at least a second from now,
 * since nobody may be able to give new ones; every 30 s where they have ended, which may be a clock that is wrong. Undefined: never.
 */
export function renewalDelay({ expiresAt }: Credentials, wallTime: number): number | undefined {
  if (expiresAt === undefined) return undefined;
  const life = Number(expiresAt) - wallTime;
  return life > 0 ? Math.max(1000, life - Math.min(60_000, life / 5)) : 30_000;
}
