import type { QoS } from "./packets.ts";

const EMPTY: Uint8Array = new Uint8Array(0);

/**
 * Where the parts of one received PUBLISH lie in the chunk it was read from. One object is reused for every packet of a
 * connection: it is valid during the call that is given it, and not longer, since the chunk is not.
 */
export class PublishOffsets {
  /** First byte of the packet (its fixed header). */
  packetStart = 0;
  /** One past the last byte of the packet, or of the last packet of a run. */
  packetEnd = 0;
  /** Packets in [packetStart, packetEnd): above 1 only for QoS 0 packets of one topic, length and header (a run). */
  count = 1;
  qos: QoS = 0;
  retain = false;
  dup = false;
  /** The array topicStart and topicEnd refer to: the chunk, or the topic an alias stands for. */
  topic: Uint8Array = EMPTY;
  topicStart = 0;
  /** Equal to topicStart when the topic is given by Topic Alias alone. */
  topicEnd = 0;
  /** 0 at QoS 0. */
  packetIdentifier = 0;
  /** The properties without their length; equal to propertiesEnd when there are none (and before 5.0). */
  propertiesStart = 0;
  propertiesEnd = 0;
  payloadStart = 0;
  payloadEnd = 0;
  /** Topic Alias of the packet, 0 for none. */
  topicAlias = 0;
  /** Message Expiry Interval in seconds, -1 for none. */
  messageExpiryInterval = -1;
  /** True when a Subscription Identifier is present: only a server may send one, [MQTT-3.3.4-6]. */
  hasSubscriptionIdentifier = false;
  /** True when the properties hold a Topic Alias, a Message Expiry Interval or a Subscription Identifier: what a server rewrites. */
  needsRewrite = false;

  /** Takes the first so many packets of a run alone. */
  shortenRun(count: number): void {
    this.packetEnd = this.packetStart + count * (this.payloadEnd - this.packetStart);
    this.count = count;
  }
}
