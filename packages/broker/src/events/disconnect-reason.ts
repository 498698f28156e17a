import type { MqttError } from "@bowline/protocol";

/** AWS IoT's words for why a connection ended. */
export type DisconnectReason =
  | "AUTH_ERROR"
  | "CLIENT_INITIATED_DISCONNECT"
  | "CLIENT_ERROR"
  | "CONNECTION_LOST"
  | "CUSTOMAUTH_TTL_EXPIRATION"
  | "DUPLICATE_CLIENTID"
  | "MQTT_KEEP_ALIVE_TIMEOUT"
  | "SERVER_ERROR"
  | "SERVER_INITIATED_DISCONNECT"
  | "API_INITIATED_DISCONNECT"
  | "THROTTLED";

const BY_CODE: Readonly<Record<string, DisconnectReason>> = {
  TAKEOVER: "DUPLICATE_CLIENTID",
  KEEPALIVE_TIMEOUT: "MQTT_KEEP_ALIVE_TIMEOUT",
  ADMIN: "API_INITIATED_DISCONNECT",
  SHUTDOWN: "SERVER_INITIATED_DISCONNECT",
  MOVED: "SERVER_INITIATED_DISCONNECT",
  QUOTA: "THROTTLED",
  NOT_AUTHORIZED: "AUTH_ERROR",
};

/** @param cause Undefined for a DISCONNECT of the client. */
export function disconnectReason(cause: MqttError | undefined | "lost"): DisconnectReason {
  if (cause === undefined) return "CLIENT_INITIATED_DISCONNECT";
  if (cause === "lost") return "CONNECTION_LOST";
  if (cause.details?.["isExpiry"] === true) return "CUSTOMAUTH_TTL_EXPIRATION";
  return BY_CODE[cause.code] ?? (cause.source === "internal" ? "SERVER_ERROR" : "CLIENT_ERROR");
}
