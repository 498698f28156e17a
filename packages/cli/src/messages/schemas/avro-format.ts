import { readFileSync } from "node:fs";
import { MqttError } from "@bowline/protocol";
import avro from "avsc";
import { decodeAvro } from "./avro-decode.ts";
import { encodeAvro } from "./avro-encode.ts";
import { exactJson } from "../exact-json.ts";
import { type PayloadFormat, textOf } from "../payload-coding.ts";

/**
 * Avro's JSON on our side, its binary encoding in the message, without a header. The package reads the schema; values are ours to
 * encode and decode, since its decoder believes the counts in a message, of which a few bytes may announce any number of items.
 *
 * @throws MqttError OPTION_INVALID
 */
export function avroFormat(path: string): PayloadFormat {
  const type = typeOf(path);
  return {
    name: "avro",
    encode: (given) => encodeAvro(type, exactJson(textOf(given))),
    decode: (payload) => JSON.stringify(decodeAvro(type, payload)),
    value: (payload) => decodeAvro(type, payload),
  };
}

function typeOf(path: string): avro.Type {
  try {
    return avro.Type.forSchema(JSON.parse(readFileSync(path, "utf8")) as avro.Schema, { wrapUnions: true });
  } catch (error) {
    throw new MqttError("OPTION_INVALID", {
      detail: `--schema ${path}: ${(error as Error).message}`,
      remedy: "Correct the schema.",
    });
  }
}
