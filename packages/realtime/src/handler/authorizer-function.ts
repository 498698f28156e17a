import { MqttError } from "@bowline/protocol";
import type { AuthorizerEvent } from "../request/authorizer-event.ts";

/** A custom authorizer's function, wherever it runs. */
export interface AuthorizerFunction {
  /**
   * Resolves with whatever it answers, which nobody has checked yet; within 5 s in all. The signal aborts when nobody waits any more.
   *
   * Rejects with MqttError AWS_AUTHORIZER_LAMBDA: it threw, hung, ended its process, or cannot be reached or loaded.
   */
  call(event: AuthorizerEvent, signal?: AbortSignal): Promise<unknown>;
  /** What is being asked is rejected; nothing is left behind. */
  close(): Promise<void>;
}

/** AWS gives an authorizer so long. */
export const CALL_MS_MAX = 5_000;

/** The function did not do its part. */
export function functionFault(detail: string, cause?: unknown): MqttError {
  return new MqttError("AWS_AUTHORIZER_LAMBDA", { detail, ...(cause === undefined ? {} : { cause }) });
}
