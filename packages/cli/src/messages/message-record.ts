import type { Message } from "@bowline/client";
import type { PayloadFormat } from "./payload-coding.ts";

/**
 * The JSON record of a message. `v` counts up when a field changes its meaning; fields may be added at any time. Text that is no UTF-8
 * is written as base64, and `encoding` says so.
 *
 * @throws Error when the payload is not what the format says
 */
export function messageRecord(message: Message, format: PayloadFormat): Record<string, unknown> {
  const { correlationData, userProperties, ...properties } = message.properties;
  return {
    v: 1,
    type: "message",
    topic: message.topicName,
    qos: message.qos,
    retain: message.retain,
    dup: message.dup,
    ...payloadFields(message.payload, format),
    properties: {
      ...properties,
      ...(correlationData === undefined ? {} : { correlationDataBase64: Buffer.from(correlationData).toString("base64") }),
      ...(userProperties === undefined ? {} : { userProperties }),
    },
  };
}

function payloadFields(payload: Uint8Array, format: PayloadFormat): { payload: unknown; encoding: string } {
  if (format.name !== "text") return { payload: format.value(payload), encoding: format.name };
  try {
    return { payload: format.value(payload), encoding: "utf8" };
  } catch {
    return { payload: Buffer.from(payload).toString("base64"), encoding: "base64" };
  }
}
