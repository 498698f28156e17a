import { MqttError } from "../errors/mqtt-error.ts";
import { ReasonCode } from "./reason-codes.ts";

/**
 * Topic Filters in one SUBSCRIBE or UNSUBSCRIBE: what a broker lets a session have by default, so that a client may take all of them up
 * again at once. Each costs some microseconds in one turn: the four millions that fit into 16 MiB held a broker up for 22 s.
 */
export const TOPIC_FILTERS_MAX = 50_000;

/** @throws QUOTA (0x97), a limit of ours: the protocol has none. */
export function tooManyTopicFilters(): MqttError {
  const detail = `one packet has more than ${TOPIC_FILTERS_MAX} Topic Filters`;
  return new MqttError("QUOTA", { reasonCode: ReasonCode.QuotaExceeded, source: "peer", detail });
}
