import { MqttError, type Packet, PacketType, type Properties, type ProtocolVersion, type Will } from "@bowline/protocol";
import {
  decodePacket,
  decodeText,
  packetName,
  redactDetails,
  redactText,
  type PacketFields,
  type TracedPayload,
} from "@bowline/protocol/internal";

/** A packet that was read, or why it was not. */
export interface ReadPacket {
  /** `PUBLISH`. */
  readonly type: string;
  readonly bytes: number;
  /** Views the bytes it was read from: a payload is valid as long as they are. */
  readonly packet?: Packet;
  readonly fault?: string;
}

/** Reads the head of a packet; of a PUBLISH the payload may be cut. */
export function readPacket(head: Uint8Array, bodyStart: number, packetBytes: number, version: ProtocolVersion): ReadPacket {
  const type = packetName(head[0]! >>> 4);
  const bytes = packetBytes;
  const isCut = head.length < packetBytes;
  if (isCut && type !== "PUBLISH") return { type, bytes, fault: "too long to be shown" };
  try {
    // A CONNECT says its own version, and the decoder knows.
    return { type, bytes, packet: decodePacket(head, 0, bodyStart, head.length, version) };
  } catch (error) {
    if (isCut) return { type, bytes, fault: "its topic and properties are too long to be shown" };
    return { type, bytes, fault: MqttError.is(error) ? redactText(error.message) : "it cannot be read" };
  }
}

/** What may be shown of a packet: no password, no authentication data, and no value that looks like a secret. */
export function fieldsOf(packet: Packet): PacketFields {
  switch (packet.type) {
    case PacketType.CONNECT: {
      const { type: _type, username, password, will, properties, ...others } = packet;
      return {
        ...others,
        // Realtime clouds carry tokens there.
        ...(username === undefined ? {} : { username: redactText(username) }),
        ...(password === undefined ? {} : { password: "hidden" }),
        ...(will === undefined ? {} : { will: willFields(will) }),
        ...propertyFields(properties),
      };
    }
    case PacketType.PUBLISH: {
      const { type: _type, payload: _payload, properties, ...others } = packet;
      return { ...others, ...propertyFields(properties) };
    }
    case PacketType.PINGREQ:
    case PacketType.PINGRESP:
      return {};
    default: {
      const { type: _type, properties, ...others } = packet;
      return { ...others, ...propertyFields(properties) };
    }
  }
}

/** A copy of at most so many bytes. `payloadBytes`: of the whole, where `payload` is its beginning. */
export function shownPayload(payload: Uint8Array, payloadBytes: number, limit: number): TracedPayload {
  const part = payload.subarray(0, limit);
  const cut = part.length < payloadBytes ? ({ isCut: true } as const) : {};
  if (part.length === 0) return { bytes: payloadBytes, ...cut };
  const text = asText(part.length < payloadBytes ? wholeCharacters(part) : part);
  const shown = text === undefined ? { base64: Buffer.from(part).toString("base64") } : { text };
  return { bytes: payloadBytes, ...shown, ...cut };
}

function willFields({ topicName, payload, qos, retain, properties }: Will): PacketFields {
  return { topicName, qos, retain, bytes: payload.length, ...propertyFields(properties) };
}

/** Bytes are told by their number, and a User Property whose name says secret by its name. */
function propertyFields(properties: Properties | undefined): { properties?: PacketFields } {
  if (properties === undefined) return {};
  const { userProperties, ...others } = properties;
  const shown = redactDetails(others);
  if (userProperties !== undefined) {
    shown["userProperties"] = userProperties.map(([name, value]) => [name, redactDetails({ [name]: value })[name]]);
  }
  return { properties: shown };
}

function asText(bytes: Uint8Array): string | undefined {
  try {
    const text = decodeText(bytes, 0, bytes.length);
    return /[\u0000-\u0008\u000e-\u001f\u007f-\u009f]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

/** Without the character at the end that the cut went through: UTF-8 continues with bytes that begin with the bits 10. */
function wholeCharacters(bytes: Uint8Array): Uint8Array {
  let start = bytes.length - 1;
  while (start > 0 && start > bytes.length - 4 && (bytes[start]! & 0xc0) === 0x80) start--;
  const first = bytes[start]!;
  const size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  return start + size > bytes.length ? bytes.subarray(0, start) : bytes;
}
