import type { MqttError } from "@bowline/protocol";
import type { TenantLimits } from "../connection/tenant-limits.ts";
import type { CounterName, Counters } from "./counters.ts";

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

/** A limit of a tenant that was reached, or several that are counted together. */
export interface ReachedLimit {
  readonly limits: readonly (keyof TenantLimits)[];
  /** Since the start of the broker. */
  readonly times: number;
}

const TENANT_LIMITS: readonly (readonly [counter: CounterName, ...limits: (keyof TenantLimits)[]])[] = [
  ["refusedSessions", "maximumSessions"],
  ["refusedConnections", "maximumTenantConnections"],
  ["refusedOwner", "maximumConnectionsPerOwner"],
  ["subscriptionsRefused", "maximumSubscriptions", "maximumTenantSubscriptions"],
  ["topicsTooDeep", "maximumTopicLevels", "maximumTopicBytes"],
  ["packetsTooLarge", "maximumPacketSize"],
  ["receiveMaximumExceeded", "receiveMaximum"],
  ["sessionExpiryLowered", "maximumSessionExpiryInterval"],
  ["retainedRefused", "maximumRetainedMessages", "maximumRetainedBytes"],
  ["publishesOverRate", "publishesPerSecond", "publishBytesPerSecond", "tenantPublishesPerSecond", "tenantPublishBytesPerSecond"],
  ["droppedQueueFull", "maximumQueuedMessages", "maximumQueuedBytes"],
  ["droppedSlow", "maximumBufferedBytes"],
];

/** Which limits the clients of a tenant have reached, for its owner. */
export function reachedLimits(counters: Readonly<Counters>): ReachedLimit[] {
  return TENANT_LIMITS.map(([counter, ...limits]) => ({ limits, times: counters[counter] })).filter(({ times }) => times > 0);
}
