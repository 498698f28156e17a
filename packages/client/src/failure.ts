import { errorInfo, MqttError } from "@bowline/protocol";
import type { Judgement } from "./judgement.ts";
import type { ConnectionEnd } from "./network-connection.ts";
import type { AttemptFailure } from "./status.ts";

/** What only the engine can see of a CONNACK. */
const seenAtConnack: readonly string[] = ["SP_VIOLATION", "PACKET_TOO_LARGE"];

/**
 * The error of a connection's end. What the engine saw the server do wrong on an open connection or in its CONNACK is said as it is;
 * everything else is a question of the facts.
 */
export function errorOf({ error, cause, facts }: ConnectionEnd, { code, options }: Judgement): MqttError {
  if (error !== undefined && (facts.milestone === "accepted" || error.source === "usage" || seenAtConnack.includes(error.code)))
    return error;
  return MqttError.is(cause) ? cause : new MqttError(code, options);
}

/** What is no error of ours was thrown by a part of the application's, or comes of a part of ours that cannot be loaded. */
export function asMqttError(given: unknown): MqttError {
  return MqttError.is(given) ? given : new MqttError("INTERNAL", { detail: String(given), retry: "backoff", cause: given });
}

/** One failure as the application is told it. */
export function toFailure(
  error: MqttError,
  attempt: number,
  msToFail: number,
  retryInMs: number | undefined,
  hints: readonly string[],
  serverReference?: string,
): AttemptFailure {
  const { stage, code, reasonCode, remedy } = error;
  return {
    attempt,
    stage,
    code,
    reasonCode,
    ...(serverReference !== undefined && { serverReference }),
    hints: hints.length > 0 ? hints : [remedy || errorInfo(code).remedy],
    link: `docs/errors/${errorInfo(code).stage}.md#${code.toLowerCase()}`,
    retryInMs,
    msToFail,
    error,
  };
}
