import { PacketType } from "./packet-type.ts";
import type { Packet, Properties } from "./packets.ts";

/** Packets that may carry a Reason String. In others the User Properties belong to the application and are never left out. */
const EXPLAINS =
  (1 << PacketType.CONNACK) |
  (1 << PacketType.PUBACK) |
  (1 << PacketType.PUBREC) |
  (1 << PacketType.PUBREL) |
  (1 << PacketType.PUBCOMP) |
  (1 << PacketType.SUBACK) |
  (1 << PacketType.UNSUBACK) |
  (1 << PacketType.DISCONNECT) |
  (1 << PacketType.AUTH);

/** Without Reason String and User Properties, for a peer that does not want them or takes no packet so large. */
export function withoutProblemInformation(properties: Properties | undefined): Properties | undefined {
  const kept = withoutReasonString(properties);
  if (kept?.userProperties === undefined) return kept;
  const { userProperties: _, ...rest } = kept;
  return rest;
}

function withoutReasonString(properties: Properties | undefined): Properties | undefined {
  if (properties?.reasonString === undefined) return properties;
  const { reasonString: _, ...rest } = properties;
  return rest;
}

/**
 * What is left to try when a packet is too large for the peer: first without its Reason String, then without its User Properties
 * too (sections 3.2.2.3.9, 3.14.2.2.3 and their like). Empty where nothing can be left out.
 */
export function shorterForms(packet: Packet): Packet[] {
  if (((EXPLAINS >>> packet.type) & 1) === 0) return [];
  const { properties = {} } = packet as { properties?: Properties };
  // What is undefined is not written.
  const short = { ...properties, reasonString: undefined };
  const forms: unknown[] = [];
  if (properties.reasonString !== undefined) forms.push({ ...packet, properties: short });
  if (properties.userProperties !== undefined) forms.push({ ...packet, properties: { ...short, userProperties: undefined } });
  return forms as Packet[];
}
