import { ReasonCode } from "@bowline/protocol/internal";
import type { CounterName } from "./counters.ts";

/** Why logins are refused: the label of the metric, the counter, and the Reason Code that says so. */
export const REFUSED_LOGINS: readonly (readonly [reason: string, counter: CounterName, reasonCode: number | undefined])[] = [
  ["bad_credentials", "loginsBadCredentials", ReasonCode.BadUserNameOrPassword],
  ["not_authorized", "loginsNotAuthorized", ReasonCode.NotAuthorized],
  ["unavailable", "loginsUnavailable", ReasonCode.ServerUnavailable],
  ["busy", "loginsBusy", ReasonCode.ServerBusy],
  ["banned", "loginsBanned", ReasonCode.Banned],
  ["unknown_method", "loginsUnknownMethod", ReasonCode.BadAuthenticationMethod],
  ["too_many_failures", "loginsTooManyFailures", ReasonCode.ConnectionRateExceeded],
  ["other", "loginsOther", undefined],
];

/** The counter of a refusal. */
export function refusedLogin(reasonCode: number): CounterName {
  return REFUSED_LOGINS.find(([, , code]) => code === reasonCode)?.[1] ?? "loginsOther";
}
