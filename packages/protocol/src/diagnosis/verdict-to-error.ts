import { type ErrorDetails, MqttError } from "../errors/mqtt-error.ts";
import type { Verdict } from "./verdict.ts";

/** The error of a verdict, as a client rejects or reports it. */
export function verdictToError(verdict: Verdict, cause?: unknown, details: ErrorDetails = {}): MqttError {
  const doubt = verdict.certain ? {} : { candidates: verdict.candidates };
  const advice = verdict.hints.length === 0 ? {} : { hints: verdict.hints };
  return new MqttError(verdict.code, {
    detail: verdict.evidence,
    stage: verdict.stage,
    retry: verdict.retry,
    ...(cause === undefined ? {} : { cause }),
    ...(verdict.reasonCode === undefined ? {} : { reasonCode: verdict.reasonCode }),
    details: { ...doubt, ...advice, ...details },
  });
}
