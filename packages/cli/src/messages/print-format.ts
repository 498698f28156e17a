import type { Message } from "@bowline/client";
import { MqttError } from "@bowline/protocol";
import { messageRecord, type RecordFormat } from "./message-record.ts";
import { type PayloadFormat, textOf } from "./payload-coding.ts";
import { type Digits, type FieldShape, shaped, shapedHex } from "./print-field.ts";
import { timeField } from "./strftime.ts";

type Piece = string | Uint8Array;

/** What a field is made of. */
interface Printed {
  readonly message: Message;
  readonly format: PayloadFormat;
  /** Of arrival. */
  readonly time: Date;
  readonly shape: FieldShape;
  /** Spaces before each level of a JSON record. */
  readonly indent: number | undefined;
}

/** Undefined leaves the room of the field empty. */
type Field = (printed: Printed) => Piece | Digits | undefined;

/** What may follow a % in --print, as in mosquitto_sub -F where that has it. Named in docs/command-line.md. */
export const PRINT_FIELDS: Readonly<Record<string, Field>> = {
  "%": () => "%",
  t: ({ message }) => message.topicName,
  p: ({ message, format }) => format.decode(message.payload),
  x: ({ message, shape }) => ({ digits: shapedHex(message.payload, shape) }),
  X: ({ message, shape }) => ({ digits: shapedHex(message.payload, shape).toUpperCase() }),
  b: ({ message }) => Buffer.from(message.payload).toString("base64"),
  f: ({ message, shape }) => real(message.payload, 4, shape),
  d: ({ message, shape }) => real(message.payload, 8, shape),
  l: ({ message }) => number(message.payload.length),
  q: ({ message }) => number(message.qos),
  r: ({ message }) => number(message.retain ? 1 : 0),
  C: ({ message }) => message.properties.contentType,
  D: ({ message }) => message.properties.correlationData,
  E: ({ message }) => number(message.properties.messageExpiryInterval),
  F: ({ message }) => number(message.properties.payloadFormatIndicator),
  P: ({ message }) => (message.properties.userProperties ?? []).map(([key, value]) => `${key}:${value}`).join(" "),
  R: ({ message }) => message.properties.responseTopic,
  S: ({ message }) => message.properties.subscriptionIdentifiers?.join(" "),
  I: ({ time }) => time.toISOString(),
  U: ({ time }) => `${(time.getTime() / 1_000).toFixed(3)}000000`,
  j: ({ message, format, time, indent }) => JSON.stringify(messageRecord(message, format, time), null, indent),
  J: ({ message, time, indent }) => JSON.stringify(messageRecord(message, asJson, time), null, indent),
};

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\",
  "0": "\0",
  a: "\u0007",
  e: "\u001b",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** % with flags, width, precision and what stands between hexadecimal digits; @ of a time; \ of a character; and what is itself. */
const PARTS = /%(-?)(0?)(\d{0,4})(?:\.(\d{0,4}))?([!"#$&'()*+,\-./:;<=>?@[\\\]^_`{|}~ ]?)(.?)|@(.?)|\\(.?)|([^%@\\]+)/gs;

/**
 * Reads a text with %fields, @times and \escapes, once for all messages.
 *
 * @param indent spaces before each level of a JSON record
 * @throws MqttError USAGE
 */
export function compilePrintFormat(text: string, indent?: number): (message: Message, format: PayloadFormat) => Piece[] {
  const parts: ((printed: Omit<Printed, "shape">) => Piece)[] = [];
  for (const [whole, left, zero, width, precision, separator, field, time, escape, plain = ""] of text.matchAll(PARTS)) {
    if (field !== undefined) {
      const shape: FieldShape = {
        isLeft: left !== "",
        isZeroed: zero !== "",
        width: Number(width),
        precision: precision === undefined ? undefined : Number(precision),
        separator: separator || " ",
      };
      const read = fieldOf(field, whole);
      parts.push((printed) => shaped(read({ ...printed, shape }), shape));
    } else if (time !== undefined && time !== "@") {
      const read = timeField(time);
      parts.push((printed) => read(printed.time));
    } else {
      const written = time ?? (escape === undefined ? plain : characterOf(escape));
      parts.push(() => written);
    }
  }
  return (message, format) => {
    const printed = { message, format, time: new Date(), indent };
    return parts.map((part) => part(printed));
  };
}

const asJson: RecordFormat = {
  name: "json",
  value: (payload): unknown => (payload.length === 0 ? null : JSON.parse(textOf(payload))),
};

function fieldOf(letter: string, whole: string): Field {
  const field = Object.hasOwn(PRINT_FIELDS, letter) ? PRINT_FIELDS[letter] : undefined;
  return field ?? unknown(whole, "%", PRINT_FIELDS);
}

function characterOf(letter: string): string {
  return ESCAPES[letter] ?? unknown(`\\${letter}`, "\\", ESCAPES);
}

function unknown(what: string, sign: string, known: Readonly<Record<string, unknown>>): never {
  const names = Object.keys(known).map((name) => sign + name);
  throw new MqttError("USAGE", { detail: `--print has no ${what}; there are ${names.join(" ")}` });
}

function number(value: number | undefined): Digits | undefined {
  return value === undefined ? undefined : { digits: String(value) };
}

/** A payload that is a number as computers hold it, its lowest byte first. */
function real(payload: Uint8Array, size: 4 | 8, { precision = 6 }: FieldShape): Digits {
  if (payload.length !== size) throw new Error(`it has ${payload.length} bytes, and not the ${size} of a number`);
  const view = new DataView(payload.buffer, payload.byteOffset, size);
  const value = size === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true);
  return { digits: value.toFixed(Math.min(precision, 100)) };
}
