import { errorInfo, MqttError, PacketType } from "@bowline/protocol";
import { type AttemptFacts, type ErrorFacts, errorFactsOf, type Verdict, verdictToError } from "@bowline/protocol/internal";
import type { ConnectPacket } from "@bowline/protocol";
import type { ConnectionEnd } from "./network-connection.ts";
import type { AttemptFailure } from "./status.ts";
import type { Target } from "./transport/transport.ts";

/** What the client knows of an attempt beside its end. */
export interface AttemptContext {
  readonly target: Target;
  readonly connect: ConnectPacket;
  readonly msToFail: number;
  /** Ages of the connections before, in ms, latest first. */
  readonly previousAgesMs: readonly number[];
  readonly nowMs: number;
}

/** Gathers the facts of an ended connection for the diagnosis. */
export function factsOf(end: ConnectionEnd, context: AttemptContext): AttemptFacts {
  const { target, connect, msToFail, previousAgesMs, nowMs } = context;
  const { facts, packet, cause } = end;
  const errors: readonly ErrorFacts[] = [...errorFactsOf(cause), ...errorFactsOf(end.error)];
  const isOnline = facts.milestone === "accepted";
  return {
    ...facts,
    target: { scheme: target.scheme, host: target.host, port: target.port, path: target.path },
    msToFail,
    nowMs,
    errors,
    connect: {
      version: connect.protocolVersion,
      clientIdentifier: connect.clientIdentifier,
      cleanStart: connect.cleanStart,
      hadPassword: connect.password !== undefined,
      hadWill: connect.will !== undefined,
      keepAliveSeconds: connect.keepAlive,
      ...(connect.username === undefined ? {} : { userName: connect.username }),
    },
    ...(end.timedOut ? { timedOut: true } : {}),
    ...(end.timedOut || end.error !== undefined || packet !== undefined ? {} : { closedBy: isReset(errors) ? "reset" : "fin" }),
    ...(isOnline ? { session: { ageMs: msToFail, previousAgesMs, isPingOutstanding: end.timedOut } } : {}),
    ...(packet === undefined ? {} : packetFacts(packet, connect)),
  };
}

function packetFacts(packet: NonNullable<ConnectionEnd["packet"]>, connect: ConnectPacket): AttemptFacts {
  const { reasonCode, properties } = packet;
  const words = {
    ...(properties?.reasonString === undefined ? {} : { reasonString: properties.reasonString }),
    ...(properties?.serverReference === undefined ? {} : { serverReference: properties.serverReference }),
  };
  return packet.type === PacketType.CONNACK
    ? { connack: { version: connect.protocolVersion === 5 ? 5 : 4, reasonCode, ...words } }
    : { disconnect: { reasonCode, ...words } };
}

function isReset(errors: readonly ErrorFacts[]): boolean {
  return errors.some(({ code }) => code === "ECONNRESET" || code === "EPIPE");
}

/**
 * The error of a connection's end. What the engine saw the server do wrong on an open connection is said as it is; everything
 * else is a question of the facts.
 */
export function errorOf(end: ConnectionEnd, verdict: Verdict, details: MqttError["details"]): MqttError {
  const { error } = end;
  if (error !== undefined && end.facts.milestone === "accepted") return error;
  if (error?.source === "usage" || error?.code === "SP_VIOLATION") return error;
  if (MqttError.is(end.cause)) return end.cause;
  return verdictToError(verdict, error ?? end.cause, details);
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
    ...(serverReference === undefined ? {} : { serverReference }),
    hints: hints.length > 0 ? hints : [remedy || errorInfo(code).remedy],
    retryInMs,
    msToFail,
    error,
  };
}
