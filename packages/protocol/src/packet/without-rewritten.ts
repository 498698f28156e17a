import { bytes } from "./bytes.ts";
import { PacketType } from "./packet-type.ts";
import { checkProperty } from "./properties.ts";
import type { PublishOffsets } from "./publish-offsets.ts";
import { copyBytes } from "./write-publish.ts";

const MESSAGE_EXPIRY_INTERVAL = 0x02;
const SUBSCRIPTION_IDENTIFIER = 0x0b;
const TOPIC_ALIAS = 0x23;

/**
 * The properties of a parsed PUBLISH as a server sends them on: without Topic Alias, Message Expiry Interval and Subscription
 * Identifiers, which it writes anew for each receiver; the others in their order ([MQTT-3.3.2-17] [MQTT-3.3.2-18]).
 */
export function withoutRewritten(chunk: Uint8Array, offsets: PublishOffsets): Uint8Array {
  const { propertiesStart, propertiesEnd } = offsets;
  const kept = bytes.alloc(propertiesEnd - propertiesStart);
  let length = 0;
  let at = propertiesStart;
  while (at < propertiesEnd) {
    const id = chunk[at]!;
    const end = checkProperty(chunk, at + 1, propertiesEnd, id, PacketType.PUBLISH);
    if (end < 0) break;
    if (id !== TOPIC_ALIAS && id !== MESSAGE_EXPIRY_INTERVAL && id !== SUBSCRIPTION_IDENTIFIER) {
      length = copyBytes(kept, length, chunk, at, end);
    }
    at = end;
  }
  return kept.subarray(0, length);
}
