import type { MqttError } from "@bowline/protocol";
import type { CounterName } from "./counters.ts";

/** Limits whose reaching no other metric tells, as labels, and their counters. */
export const REACHED_LIMITS: readonly (readonly [limit: string, counter: CounterName])[] = [
  ["connectTimeoutMs", "connectTimeouts"],
  ["maximumConnectSize", "connectsTooLarge"],
  ["maximumPacketSize", "packetsTooLarge"],
  ["receiveMaximum", "receiveMaximumExceeded"],
  ["maximumTopicLevels", "topicsTooDeep"],
  ["maximumSessionExpiryInterval", "sessionExpiryLowered"],
];

/** The counter of the limit that ended a connection; `isKnown` from when its CONNECT was accepted. */
export function reachedLimit({ code }: MqttError, isKnown: boolean): CounterName | undefined {
  if (code === "PACKET_TOO_LARGE") return isKnown ? "packetsTooLarge" : "connectsTooLarge";
  if (code === "RECEIVE_MAX") return "receiveMaximumExceeded";
  return code === "TIMEOUT" && !isKnown ? "connectTimeouts" : undefined;
}
