import { encodeToBytes } from "@bowline/protocol/internal";
import type { LoadOptions } from "./load-options.ts";
import { topicNumberSize, topicOf } from "./load-topics.ts";

/** Where the fields lie in a payload, all little-endian: time as a double in ns, publisher and sequence number as 32 bits. */
export const TIME_AT = 0;
export const PUBLISHER_AT = 8;
export const SEQUENCE_AT = 12;
const FIELDS_END = 16;

/** One publisher's PUBLISH as it goes out and, since the brokers under test add nothing, as it must come in. */
export interface PublishTemplate {
  readonly bytes: Uint8Array;
  /** Where the part of the header ends that all packets of the publisher have in common. */
  readonly headEnd: number;
  /** Where the topic ends and the Packet Identifier lies, if there is one. */
  readonly identifierAt: number;
  readonly payloadAt: number;
  /** Offset of a second copy of the sequence number at the end of the payload, or 0 where there is no room. */
  readonly trailerAt: number;
}

export function publishTemplate(options: LoadOptions, publisher: number): PublishTemplate {
  const { qos, size, topics, retain } = options;
  const version = options.server.target.protocolVersion;
  const payload = new Uint8Array(size);
  new DataView(payload.buffer).setUint32(PUBLISHER_AT, publisher, true);
  const bytes = encodeToBytes(
    {
      type: 3,
      topicName: topicOf(options, publisher),
      payload,
      qos,
      retain,
      dup: false,
      ...(qos === 0 ? {} : { packetIdentifier: 1 }),
    },
    version,
  );
  const payloadAt = bytes.length - size;
  const identifierAt = payloadAt - (version === 5 ? 1 : 0) - (qos === 0 ? 0 : 2);
  const headEnd = identifierAt - topicNumberSize(topics);
  return { bytes, headEnd, identifierAt, payloadAt, trailerAt: size >= FIELDS_END + 4 ? bytes.length - 4 : 0 };
}
