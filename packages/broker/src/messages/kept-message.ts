import type { QoS } from "@bowline/protocol";
import type { Message } from "@bowline/protocol/internal";

/**
 * A message that outlives the chunk it came in: queued for somebody, in flight to a session that survives, or retained. Its
 * bytes exist once; `references` counts the places that hold it, and storage forgets it with the last one.
 */
export class KeptMessage implements Message {
  readonly topicName: Uint8Array;
  readonly payload: Uint8Array;
  readonly properties: Uint8Array | undefined;
  readonly expiresAt: number;
  /** As published, before any Subscription lowers it. */
  readonly qos: QoS;
  /** Owner and Client Identifier of the publisher with U+0000 between them where rules may revoke it, else the latter alone. */
  readonly publisher: string;
  /** Places that hold it. */
  references = 0;
  /** Number in storage, 0 while it is not stored. */
  id = 0;
  /** What was found when the tenant's rights had that version: its publisher may still publish it (the version), or not (its negative). */
  rightsSeen = 0;

  constructor(
    topicName: Uint8Array,
    payload: Uint8Array,
    properties: Uint8Array | undefined,
    expiresAt: number,
    qos: QoS,
    publisher: string,
  ) {
    this.topicName = topicName;
    this.payload = payload;
    this.properties = properties;
    this.expiresAt = expiresAt;
    this.qos = qos;
    this.publisher = publisher;
  }
}
