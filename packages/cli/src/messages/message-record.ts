import type { Message } from "@bowline/client";
import type { PayloadFormat } from "./payload-coding.ts";

/** What a record needs of a format. */
export type RecordFormat = Pick<PayloadFormat, "name" | "value">;

/**
 * The JSON record of a message. `v` counts up when a field changes its meaning; fields may be added at any time. Text that is no UTF-8
 * is written as base64, and `encoding` says so.
 *
 * @param time of arrival
 * @throws Error when the payload is not what the format says
 */
export function messageRecord(message: Message, format: RecordFormat, time: Date): Record<string, unknown> {
  const { correlationData, userProperties, ...properties } = message.properties;
  return {
    v: 1,
    type: "message",
    time: time.toISOString(),
    topic: message.topicName,
    qos: message.qos,
    retain: message.retain,
    dup: message.dup,
    payloadLength: message.payload.length,
    ...payloadFields(message.payload, format),
    properties: {
      ...properties,
      ...(correlationData === undefined ? {} : { correlationDataBase64: Buffer.from(correlationData).toString("base64") }),
      ...(userProperties === undefined ? {} : { userProperties }),
    },
  };
}

function payloadFields(payload: Uint8Array, format: RecordFormat): { payload: unknown; encoding: string } {
  if (format.name !== "text") return { payload: format.value(payload), encoding: format.name };
  try {
    return { payload: format.value(payload), encoding: "utf8" };
  } catch {
    return { payload: Buffer.from(payload).toString("base64"), encoding: "base64" };
  }
}
