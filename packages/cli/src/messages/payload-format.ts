import { MqttError } from "@bowline/protocol";
import { type PayloadFormat, type PayloadFormatName, textOf } from "./payload-coding.ts";

/** Loads what the format takes; those with a schema are made by schemas/schema-options.ts. */
export async function payloadFormat(name: Exclude<PayloadFormatName, "protobuf" | "avro">): Promise<PayloadFormat> {
  switch (name) {
    case "text":
      return { name, encode: same, decode: same, value: textOf };
    case "json":
      return { name, encode: checkedJson, decode: jsonLine, value: (payload): unknown => JSON.parse(textOf(payload)) };
    case "hex":
      return {
        name,
        encode: bytesOfHex,
        decode: (payload) => asBuffer(payload).toString("hex"),
        value: (payload) => asBuffer(payload).toString("hex"),
      };
    case "base64":
      return {
        name,
        encode: bytesOfBase64,
        decode: (payload) => asBuffer(payload).toString("base64"),
        value: (payload) => asBuffer(payload).toString("base64"),
      };
    case "cbor":
      return (await import("./cbor-format.ts")).cborFormat;
    case "msgpack":
      return (await import("./msgpack-format.ts")).msgpackFormat;
  }
}

/**
 * The payload of what was typed or read.
 *
 * @throws MqttError USAGE
 */
export function encodePayload(format: PayloadFormat, given: Uint8Array): Uint8Array {
  try {
    return format.encode(given);
  } catch (error) {
    throw new MqttError("USAGE", { detail: `--format ${format.name}: ${(error as Error).message}: "${excerpt(given)}"` });
  }
}

function same(bytes: Uint8Array): Uint8Array {
  return bytes;
}

// Sent as it was written: to write it anew would round large numbers.
function checkedJson(given: Uint8Array): Uint8Array {
  JSON.parse(textOf(given));
  return given;
}

function jsonLine(payload: Uint8Array): string | Uint8Array {
  const value: unknown = JSON.parse(textOf(payload));
  return payload.includes(0x0a) || payload.includes(0x0d) ? JSON.stringify(value) : payload;
}

function bytesOfHex(given: Uint8Array): Uint8Array {
  const digits = textOf(given)
    .replace(/^\s*0x/i, "")
    .replace(/\s+/g, "");
  if (!/^([0-9a-f]{2})*$/i.test(digits)) throw new Error("it is not pairs of hexadecimal digits");
  return Buffer.from(digits, "hex");
}

function bytesOfBase64(given: Uint8Array): Uint8Array {
  const text = textOf(given).replace(/\s+/g, "");
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text)) throw new Error("it is not base64");
  return Buffer.from(text, "base64");
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function excerpt(given: Uint8Array): string {
  const text = asBuffer(given).toString("utf8", 0, 60);
  return given.length > 60 ? `${text}...` : text;
}
