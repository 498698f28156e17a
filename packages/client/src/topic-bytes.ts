import { MqttError } from "@bowline/protocol";
import { validateTopicName } from "@bowline/protocol";
import { utf8Encoder } from "@bowline/protocol/internal";

const KEPT = 1000;
const known = new Map<string, Uint8Array>();
let lastName = "";
let lastBytes: Uint8Array = new Uint8Array(0);

/**
 * A Topic Name as it goes on the wire. Programs publish to few topics, so the bytes of the last thousand are kept.
 *
 * @throws MqttError TOPIC_INVALID
 */
export function topicBytes(topicName: string): Uint8Array {
  if (topicName === lastName && lastName !== "") return lastBytes;
  let encoded = known.get(topicName);
  if (encoded === undefined) {
    const fault = typeof topicName === "string" ? validateTopicName(topicName) : { message: "it is no string" };
    if (fault !== undefined) throw new MqttError("TOPIC_INVALID", { detail: fault.message });
    encoded = utf8Encoder().encode(topicName);
    if (known.size >= KEPT) known.clear();
    known.set(topicName, encoded);
  }
  lastName = topicName;
  lastBytes = encoded;
  return encoded;
}
