import { MqttError } from "../errors/mqtt-error.ts";
import type { ErrorCode } from "../errors/catalogue.ts";
import { ReasonCode } from "./reason-codes.ts";

/** Codes of the catalogue for the Reason Codes that a codec can find; all others are a plain protocol error. */
const codes: Readonly<Record<number, ErrorCode>> = {
  [ReasonCode.MalformedPacket]: "MALFORMED_PACKET",
  [ReasonCode.TopicNameInvalid]: "TOPIC_NAME",
  [ReasonCode.TopicAliasInvalid]: "ALIAS",
  [ReasonCode.PacketTooLarge]: "PACKET_TOO_LARGE",
};

/** An error for what the peer sent, carrying the Reason Code to answer with. */
export function packetFault(reasonCode: number, detail: string, clause?: string): MqttError {
  const named = clause === undefined ? {} : { clause };
  // Some of these codes also stand for faults of our own, which new input mends; a peer's fault it does not.
  return new MqttError(codes[reasonCode] ?? "PROTOCOL_ERROR", {
    detail,
    reasonCode,
    source: "peer",
    retry: "loop-guard",
    ...named,
  });
}

/** The bytes cannot be parsed, section 4.13.1: 0x81. */
export function malformed(detail: string, clause?: string): MqttError {
  return packetFault(ReasonCode.MalformedPacket, detail, clause);
}

/** The bytes can be parsed and say what the protocol does not allow, section 4.13.1: 0x82. */
export function protocolError(detail: string, clause?: string): MqttError {
  return packetFault(ReasonCode.ProtocolError, detail, clause);
}

/** The caller of an encoder gave what no packet can say. */
export function unencodable(detail: string, code: ErrorCode = "PACKET_INVALID"): MqttError {
  return new MqttError(code, { detail });
}
