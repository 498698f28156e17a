import type { Message } from "@bowline/client";
import { MqttError } from "@bowline/protocol";
import { messageRecord } from "./message-record.ts";
import type { PayloadFormat } from "./payload-coding.ts";

type Piece = string | Uint8Array;
type Field = (message: Message, format: PayloadFormat) => Piece;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** What may follow a % in --print, as in mosquitto_sub -F where that has it. Named in docs/command-line.md. */
export const PRINT_FIELDS: Readonly<Record<string, Field>> = {
  "%": () => "%",
  t: ({ topicName }) => topicName,
  p: ({ payload }, format) => format.decode(payload),
  x: ({ payload }) => hex(payload),
  X: ({ payload }) => hex(payload).toUpperCase(),
  b: ({ payload }) => Buffer.from(payload).toString("base64"),
  l: ({ payload }) => String(payload.length),
  q: ({ qos }) => String(qos),
  r: ({ retain }) => (retain ? "1" : "0"),
  d: ({ dup }) => (dup ? "1" : "0"),
  C: ({ properties }) => properties.contentType ?? "",
  D: ({ properties }) => properties.correlationData ?? "",
  E: ({ properties }) => String(properties.messageExpiryInterval ?? ""),
  F: ({ properties }) => String(properties.payloadFormatIndicator ?? ""),
  P: ({ properties }) => (properties.userProperties ?? []).map(([key, value]) => `${key}:${value}`).join(" "),
  R: ({ properties }) => properties.responseTopic ?? "",
  S: ({ properties }) => (properties.subscriptionIdentifiers ?? []).join(" "),
  I: () => new Date().toISOString(),
  U: () => (Date.now() / 1_000).toFixed(3),
  j: (message, format) => JSON.stringify(messageRecord(message, format)),
};

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\", "0": "\0", a: "\u0007", e: "\u001b", n: "\n", r: "\r", t: "\t" };

/**
 * Reads a text with %fields and \escapes, once for all messages.
 *
 * @throws MqttError USAGE
 */
export function compilePrintFormat(text: string): (message: Message, format: PayloadFormat) => Piece[] {
  const fields: Field[] = [];
  for (const [, field, escape, plain] of text.matchAll(/%(.?)|\\(.?)|([^%\\]+)/gs))
    fields.push(fieldOf(field, escape, plain ?? ""));
  return (message, format) => fields.map((field) => field(message, format));
}

function fieldOf(field: string | undefined, escape: string | undefined, plain: string): Field {
  if (field !== undefined) {
    if (Object.hasOwn(PRINT_FIELDS, field)) return PRINT_FIELDS[field] as Field;
    throw new MqttError("USAGE", {
      detail: `--print has no %${field}; there are ${Object.keys(PRINT_FIELDS)
        .map((name) => `%${name}`)
        .join(" ")}`,
    });
  }
  if (escape === undefined) return () => plain;
  const character = ESCAPES[escape];
  if (character !== undefined) return () => character;
  throw new MqttError("USAGE", {
    detail: `--print has no \\${escape}; there are ${Object.keys(ESCAPES)
      .map((name) => `\\${name}`)
      .join(" ")}`,
  });
}
