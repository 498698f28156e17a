import type { Message } from "@bowline/client";

/** `payload` alone, `verbose` with the topic before it, or one `json` record. Each ends with a line break. */
export type MessageFormat = "payload" | "verbose" | "json";

const LINE_BREAK = new Uint8Array([0x0a]);

export function formatMessage(message: Message, format: MessageFormat): string | Uint8Array {
  if (format === "json") return `${JSON.stringify(record(message))}\n`;
  // Bytes as they came: a payload need not be text.
  if (format === "payload") return Buffer.concat([message.payload, LINE_BREAK]);
  return Buffer.concat([Buffer.from(`${message.topicName} `), message.payload, LINE_BREAK]);
}

/** The record of a message. `v` counts up when a field changes its meaning; fields may be added at any time. */
function record(message: Message): Record<string, unknown> {
  const { correlationData, userProperties, ...properties } = message.properties;
  return {
    v: 1,
    type: "message",
    topic: message.topicName,
    qos: message.qos,
    retain: message.retain,
    dup: message.dup,
    ...payloadFields(message.payload),
    properties: {
      ...properties,
      ...(correlationData === undefined ? {} : { correlationDataBase64: Buffer.from(correlationData).toString("base64") }),
      ...(userProperties === undefined ? {} : { userProperties }),
    },
  };
}

function payloadFields(payload: Uint8Array): { payload: string; encoding: "utf8" | "base64" } {
  try {
    return { payload: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(payload), encoding: "utf8" };
  } catch {
    return { payload: Buffer.from(payload).toString("base64"), encoding: "base64" };
  }
}
