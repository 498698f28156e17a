import { decode, encode, ExtData } from "@msgpack/msgpack";
import { exactJson } from "./exact-json.ts";
import { jsonValue } from "./json-value.ts";
import { type PayloadFormat, textOf } from "./payload-coding.ts";

/** JSON on our side, MessagePack in the message. */
export const msgpackFormat: PayloadFormat = {
  name: "msgpack",
  encode: (given) => encode(within64Bits(exactJson(textOf(given))), { useBigInt64: true }),
  decode: (payload) => JSON.stringify(valueOf(payload)),
  value: valueOf,
};

/** The encoder would keep the lowest bits of larger ones. */
function within64Bits(value: unknown): unknown {
  if (typeof value === "bigint" && value !== BigInt.asIntN(64, value) && value !== BigInt.asUintN(64, value))
    throw new Error(`${value} has more than 64 bits`);
  if (typeof value === "object" && value !== null) Object.values(value).forEach(within64Bits);
  return value;
}

function valueOf(payload: Uint8Array): unknown {
  const value = decode(payload, { useBigInt64: true, mapKeyConverter: String });
  // An extension type is the sender's own.
  return jsonValue(value instanceof ExtData ? { type: value.type, data: value.data } : value);
}
