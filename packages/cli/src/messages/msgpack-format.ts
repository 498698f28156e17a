import { decode, encode, ExtData } from "@msgpack/msgpack";
import { jsonValue } from "./json-value.ts";
import { type PayloadFormat, textOf } from "./payload-coding.ts";

/** JSON on our side, MessagePack in the message. */
export const msgpackFormat: PayloadFormat = {
  name: "msgpack",
  encode: (given) => encode(JSON.parse(textOf(given))),
  decode: (payload) => JSON.stringify(valueOf(payload)),
  value: valueOf,
};

function valueOf(payload: Uint8Array): unknown {
  const value = decode(payload, { useBigInt64: true, mapKeyConverter: String });
  // An extension type is the sender's own.
  return jsonValue(value instanceof ExtData ? { type: value.type, data: value.data } : value);
}
