import { decode, encode, type TagDecoder } from "cborg";
import { bigIntDecoder, bigNegIntDecoder } from "cborg/taglib";
import { exactJson } from "./exact-json.ts";
import { jsonValue } from "./json-value.ts";
import { type PayloadFormat, textOf } from "./payload-coding.ts";

/** JSON on our side, CBOR (RFC 8949) in the message. */
export const cborFormat: PayloadFormat = {
  name: "cbor",
  encode: (given) => encode(exactJson(textOf(given))),
  decode: (payload) => JSON.stringify(valueOf(payload)),
  value: valueOf,
};

function valueOf(payload: Uint8Array): unknown {
  return jsonValue(decode(payload, { tags, useMaps: true }));
}

// A tag says what a value is meant as; whoever looks at a message wants the value, whatever the tag.
const bare: TagDecoder = (value) => value();
const known: Record<number, TagDecoder> = { 2: bigIntDecoder, 3: bigNegIntDecoder };
const tags: Record<number, TagDecoder> = new Proxy(known, {
  get: (table, tag) => table[Number(tag)] ?? bare,
});
