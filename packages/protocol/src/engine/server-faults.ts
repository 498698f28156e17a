import type { ErrorCode } from "../errors/catalogue.ts";
import { MqttError } from "../errors/mqtt-error.ts";
import type { Packet } from "../packet/packets.ts";
import { ReasonCode } from "../packet/reason-codes.ts";

/** The catalogue's codes for faults that the codec answers as a Reason Code; all others are a plain protocol error. */
const codes: Readonly<Record<number, ErrorCode>> = {
  [ReasonCode.MalformedPacket]: "MALFORMED_PACKET",
  [ReasonCode.PacketTooLarge]: "PACKET_TOO_LARGE",
  [ReasonCode.TopicNameInvalid]: "TOPIC_INVALID",
};

/** A fault in what a client sent. */
export function peerFault(reasonCode: number, detail: string): MqttError {
  return new MqttError(codes[reasonCode] ?? "PROTOCOL_ERROR", { reasonCode, source: "peer", detail });
}

/** A packet that only a server sends. */
export function unexpected(packet: Packet): MqttError {
  return peerFault(ReasonCode.ProtocolError, `a client must not send packet type ${packet.type}`);
}

/** What a sink or the codec threw: an error of ours stays as it is, all else is a bug. */
export function asMqttError(error: unknown): MqttError {
  return MqttError.is(error) ? error : new MqttError("INTERNAL", { cause: error, reasonCode: ReasonCode.UnspecifiedError });
}

/** [MQTT-3.1.2-24] */
export function tooLargeForClient(name: string): MqttError {
  const detail = `the ${name} is above the client's Maximum Packet Size`;
  return new MqttError("PACKET_TOO_LARGE", { reasonCode: ReasonCode.PacketTooLarge, clause: "MQTT-3.1.2-24", detail });
}
