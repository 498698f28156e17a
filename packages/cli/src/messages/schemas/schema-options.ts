import { MqttError } from "@bowline/protocol";
import type { CommandLine } from "../../command-line.ts";
import type { OptionSpec } from "../../option-spec.ts";
import { PAYLOAD_FORMATS, type PayloadFormat, type PayloadFormatName } from "../payload-coding.ts";
import { payloadFormat } from "../payload-format.ts";

const group = "Schemas";

/** What formats need that do not say themselves what is in a message. */
export const SCHEMA_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  schema: {
    type: "string",
    value: "FILE",
    help: "Schema for protobuf (.proto) or avro (.avsc), which names the format too.",
    group,
  },
  "schema-type": { type: "string", value: "NAME", help: "Message of a .proto file; not needed where there is only one.", group },
  "schema-root": { type: "string", value: "DIR", help: "Folder that a .proto file's imports are in; default its own.", group },
};

/**
 * The format that --format and --schema name, with what it takes loaded.
 *
 * @throws MqttError USAGE, OPTION_INVALID
 */
export async function formatOf(line: CommandLine): Promise<PayloadFormat> {
  const path = line.text("schema");
  const name = line.choice("format", PAYLOAD_FORMATS) ?? formatOfSchema(path);
  if (name !== "protobuf" && name !== "avro") {
    if (path === undefined) return payloadFormat(name);
    throw new MqttError("USAGE", { detail: "--schema belongs to --format protobuf and avro" });
  }
  if (path === undefined) throw new MqttError("USAGE", { detail: `--format ${name} needs --schema FILE` });
  if (name === "avro") return (await import("./avro-format.ts")).avroFormat(path);
  const { protobufFormat } = await import("./protobuf-format.ts");
  return protobufFormat(path, line.text("schema-type"), line.text("schema-root"));
}

function formatOfSchema(path: string | undefined): PayloadFormatName {
  if (path === undefined) return "text";
  if (/\.proto$/i.test(path)) return "protobuf";
  if (/\.avsc$/i.test(path)) return "avro";
  throw new MqttError("USAGE", { detail: `is ${path} for --format protobuf or avro?` });
}
