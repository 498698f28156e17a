import { type ConnectPacket, PacketType } from "@bowline/protocol";
import { type AttemptFacts, type ErrorFacts, errorFactsOf, type InFlight, type OutboundEntry } from "@bowline/protocol/internal";
import type { ConnectionEnd } from "./network-connection.ts";
import type { Target } from "./transport/transport.ts";

/** What the client knows of an attempt beside its end. */
export interface AttemptContext {
  readonly target: Target;
  readonly connect: ConnectPacket;
  readonly msToFail: number;
  /** Ages of the connections before, in ms, latest first. */
  readonly previousAgesMs: readonly number[];
  readonly nowMs: number;
  /** What the server has been asked for. */
  readonly unanswered?: Unanswered;
}

/** Packets without an answer, when a connection ended. */
export interface Unanswered {
  readonly registry: { readonly isAsking: boolean };
  readonly outbox: { readonly session: { readonly inFlight: InFlight<OutboundEntry> } };
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
