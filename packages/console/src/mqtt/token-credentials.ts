import { type Credentials, type CredentialsProvider, MqttError } from "@bowline/client";
import { makeToken, RequestFailure } from "../admin/admin-api.ts";

/** Takes a token as Authentication Data, and a later one on the open connection. */
const METHOD = "BOWLINE-CONSOLE";

/**
 * Asks the admin API for a token of that tenant before each attempt, and before the last one ends: the page holds nothing that outlives
 * it, and no message is missed when it is renewed.
 *
 * @throws MqttError WS_UNREACHABLE when the broker does not answer, ADMIN_REFUSED when it does not know this browser or it may only read,
 * CREDENTIALS_FAILED when it cannot make a token
 */
export function tokenCredentials(tenant: string): CredentialsProvider {
  return async ({ signal }): Promise<Credentials> => {
    const { password, expiresAt } = await makeToken(tenant, signal).catch((cause: unknown) => {
      throw failureOf(cause instanceof RequestFailure ? cause : new RequestFailure(0, String(cause), { cause }));
    });
    const step = ({ kind }: { kind: string }): string | undefined => (kind === "begin" ? password : undefined);
    return { authentication: { method: METHOD, step }, expiresAt, query: { tenant } };
  };
}

function failureOf(cause: RequestFailure): MqttError {
  if (cause.isSignedOut) {
    const remedy = "Sign in again: run bowline console on the broker's machine and open the link it prints, or use your key.";
    return refused("this browser is not signed in", remedy, cause);
  }
  if (cause.status === 403) return refused(cause.message, "Sign in with a key that may change things.", cause);
  if (cause.status > 0)
    return new MqttError("CREDENTIALS_FAILED", { detail: cause.message, remedy: "Read the broker's log.", cause });
  const detail = `no answer from ${location.origin} to the request for a token`;
  const remedy = "See whether the broker runs and start it again if not; this page connects again by itself.";
  return new MqttError("WS_UNREACHABLE", { detail, remedy, cause });
}

function refused(detail: string, remedy: string, cause: RequestFailure): MqttError {
  return new MqttError("ADMIN_REFUSED", { detail, remedy, stage: "input", retry: "backoff", cause });
}
