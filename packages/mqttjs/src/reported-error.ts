import { type ConnackPacket, type MqttError, PacketType, type ProtocolVersion } from "@bowline/protocol";
import type { AttemptFailure } from "@bowline/client";
import type { ConnectionEnd } from "@bowline/client/internal";
import { ErrorWithReasonCode, ReasonCodes, type WithFailure } from "./errors.ts";
import { returnCodeOf } from "./to-packet.ts";

/** Errors of an open connection's socket that MQTT.js tells; a plain close it does not. */
const told: readonly unknown[] = ["ECONNREFUSED", "ECONNRESET", "EADDRINUSE", "ENOTFOUND"];

/**
 * The error that `error` listeners get for the end of an attempt or a connection: the one of MQTT.js where it has one, with the
 * classified failure added, else the classified error itself. Undefined for a connection that simply closed: `close` tells that.
 */
export function reportedError(
  end: ConnectionEnd,
  failure: AttemptFailure,
  version: ProtocolVersion,
  wasOnline: boolean,
): (Error & WithFailure) | undefined {
  const error = errorOfMqttJs(end, failure, version, wasOnline);
  return error === undefined ? undefined : Object.assign(error, { failure });
}

function errorOfMqttJs(
  end: ConnectionEnd,
  failure: AttemptFailure,
  version: ProtocolVersion,
  wasOnline: boolean,
): Error | undefined {
  const { packet, cause, timedOut, error } = end;
  if (packet?.type === PacketType.CONNACK) return refusal(packet, version);
  if (timedOut) return new Error(error?.code === "PING_TIMEOUT" ? "Keepalive timeout" : "connack timeout");
  // What the application's own `handleAuth` said.
  const failed = error ?? (cause as Partial<MqttError> | undefined);
  if (failed?.code === "AUTH_FAILED" && failed.cause instanceof Error) return failed.cause;
  // Before 5.0 no server may send it, but many do: `disconnect` told it.
  if (packet?.type === PacketType.DISCONNECT && version !== 5) return undefined;
  if (wasOnline) return error ?? (told.includes((cause as { code?: unknown } | undefined)?.code) ? cause : undefined);
  return cause ?? failure.error;
}

function refusal(packet: ConnackPacket, version: ProtocolVersion): Error {
  const code = version === 5 ? packet.reasonCode : returnCodeOf(packet);
  return new ErrorWithReasonCode(`Connection refused: ${ReasonCodes[code]}`, code);
}
