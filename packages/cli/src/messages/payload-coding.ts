export const PAYLOAD_FORMATS = ["text", "json", "hex", "base64", "cbor", "msgpack", "protobuf", "avro"] as const;
/** How payloads are written on our side; what is in the message is said by each. */
export type PayloadFormatName = (typeof PAYLOAD_FORMATS)[number];

export interface PayloadFormat {
  readonly name: PayloadFormatName;
  /** The payload of what was typed or read. @throws Error with what is wrong about it */
  encode(given: Uint8Array): Uint8Array;
  /** The payload for people and scripts, in one line unless it is text. @throws Error */
  decode(payload: Uint8Array): string | Uint8Array;
  /** The payload as a value for a JSON record. @throws Error */
  value(payload: Uint8Array): unknown;
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** @throws Error unless it is UTF-8 */
export function textOf(bytes: Uint8Array): string {
  return strict.decode(bytes);
}
