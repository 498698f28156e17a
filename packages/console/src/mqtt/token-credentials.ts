import { type Credentials, type CredentialsRequest, MqttError } from "@bowline/client";
import { makeToken, RequestFailure } from "../admin/admin-api.ts";

/**
 * Asks the admin API for a user name and a password before each attempt: the page holds nothing that outlives them.
 *
 * @throws MqttError WS_UNREACHABLE when the broker does not answer, ADMIN_REFUSED when it does not know this browser, CREDENTIALS_FAILED
 * when it cannot make a token
 */
export async function tokenCredentials({ signal }: CredentialsRequest): Promise<Credentials> {
  try {
    return await makeToken(signal);
  } catch (cause) {
    const failure = cause instanceof RequestFailure ? cause : new RequestFailure(0, String(cause), { cause });
    if (failure.isSignedOut) {
      const remedy = "Run bowline console on the broker's machine and open the link it prints.";
      throw new MqttError("ADMIN_REFUSED", {
        detail: "this browser is not signed in",
        remedy,
        stage: "input",
        retry: "backoff",
        cause,
      });
    }
    if (failure.status > 0)
      throw new MqttError("CREDENTIALS_FAILED", { detail: failure.message, remedy: "Read the broker's log.", cause });
    const detail = `no answer from ${location.origin} to the request for a token`;
    const remedy = "See whether the broker runs and start it again if not; this page connects again by itself.";
    throw new MqttError("WS_UNREACHABLE", { detail, remedy, cause });
  }
}
