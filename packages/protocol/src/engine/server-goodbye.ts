import type { MqttError } from "../errors/mqtt-error.ts";
import { PacketType } from "../packet/packet-type.ts";
import type { DisconnectPacket, Properties } from "../packet/packets.ts";
import { connackReason, serverDisconnectReason, ReasonCode } from "../packet/reason-codes.ts";
import type { Sender } from "./sender.ts";

/** CONNACK; false when the client takes none so large. */
export function writeConnack(
  sender: Sender,
  reasonCode: number,
  sessionPresent: boolean,
  properties: Properties | undefined,
): boolean {
  return sender.packet({
    type: PacketType.CONNACK,
    sessionPresent,
    reasonCode: connackReason(reasonCode),
    ...(properties === undefined ? {} : { properties }),
  });
}

/**
 * The answer to a CONNECT that could not be read. Section 4.13: one of 5.0 is told what is wrong with it. [v3 MQTT-3.1.4-1]: an
 * older one is not, but for an unsupported protocol level ([v3 MQTT-3.1.2-2]), in the form of its own CONNECT.
 */
function refuseMalformedConnect(sender: Sender, error: MqttError, reasonCode: number): void {
  if (reasonCode === ReasonCode.UnsupportedProtocolVersion) {
    sender.version = error.details?.["connackVersion"] === 5 ? 5 : 4;
  } else if (sender.version !== 5) return;
  writeConnack(sender, reasonCode, false, undefined);
}

/** DISCONNECT on 5.0; before, a server has none. */
function writeDisconnect(sender: Sender, reasonCode: number, properties: Properties | undefined): void {
  if (sender.version !== 5) return;
  const packet: DisconnectPacket = { type: PacketType.DISCONNECT, reasonCode: serverDisconnectReason(reasonCode) };
  // A Server Reference may be what makes it too large: the code alone always fits.
  if (properties === undefined || !sender.packet({ ...packet, properties })) sender.packet(packet);
}

/** Why the connection is ended, in whatever packet its phase and version have for that. */
export function sayWhy(
  sender: Sender,
  phase: string,
  error: MqttError,
  reasonCode: number,
  properties: Properties | undefined,
): void {
  if (phase === "awaiting-connect") refuseMalformedConnect(sender, error, reasonCode);
  else if (phase === "connecting" || phase === "authenticating") writeConnack(sender, reasonCode, false, properties);
  else writeDisconnect(sender, reasonCode, properties);
}
