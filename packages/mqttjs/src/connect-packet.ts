import { type ConnectPacket, PacketType, type Will } from "@bowline/protocol";
import { payloadBytes } from "@bowline/client/internal";
import { encodeFromClientToBytes } from "@bowline/protocol/internal";
import type { IClientOptions } from "./options.ts";
import { qosOf, toProperties } from "./properties.ts";

/**
 * The CONNECT of one attempt, from the options as they are now: applications change them between attempts.
 *
 * @param assigned Client Identifier that the server gave before, for options that leave it to the server
 */
export function connectPacketOf(options: IClientOptions, assigned: string): ConnectPacket {
  const { protocolVersion = 4, clientId = "", clean = true, keepalive = 60, username, password, will } = options;
  const properties = protocolVersion === 5 ? toProperties(options.properties) : undefined;
  return {
    type: PacketType.CONNECT,
    protocolVersion,
    cleanStart: clean,
    keepAlive: keepalive || 0,
    clientIdentifier: clientId === "" ? assigned : clientId,
    ...(username == null ? {} : { username }),
    ...(password == null ? {} : { password: payloadBytes(password) }),
    ...(will == null ? {} : { will: willOf(will, protocolVersion === 5) }),
    ...(properties === undefined ? {} : { properties }),
  };
}

/**
 * Throws what no attempt could send, where the application can still see who wrote it. With `bowline.credentials` that is known at
 * the attempt only, and what belongs to an enhanced authentication has errors of MQTT.js.
 */
export function checkConnect(options: IClientOptions): void {
  if (options.bowline?.credentials !== undefined || options.properties?.authenticationData !== undefined) return;
  const packet = connectPacketOf(options, "");
  encodeFromClientToBytes(packet, packet.protocolVersion);
}

function willOf(
  { topic, payload, qos = 0, retain = false, properties }: NonNullable<IClientOptions["will"]>,
  hasProperties: boolean,
): Will {
  const given = hasProperties ? toProperties(properties) : undefined;
  return {
    topicName: topic,
    payload: payloadBytes(payload || ""),
    qos: qosOf(qos),
    retain,
    ...(given === undefined ? {} : { properties: given }),
  };
}
