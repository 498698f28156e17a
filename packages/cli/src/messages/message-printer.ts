import type { Message } from "@bowline/client";
import { MqttError } from "@bowline/protocol";
import type { CommandLine } from "../command-line.ts";
import type { OptionSpec } from "../option-spec.ts";
import { messageRecord } from "./message-record.ts";
import { PAYLOAD_FORMATS, type PayloadFormat } from "./payload-coding.ts";
import { compilePrintFormat } from "./print-format.ts";
import { formatOf, SCHEMA_OPTIONS } from "./schemas/schema-options.ts";

/** What is printed of a message. */
export const PRINT_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  verbose: { type: "boolean", short: "v", help: "Print the topic before each message." },
  json: { type: "boolean", help: "Print one JSON record for each message, with all that came with it." },
  print: {
    type: "string",
    short: "F",
    value: "FORMAT",
    help: "Print these fields, such as '%t %q %p'; %j is the JSON record, @Y the year.",
  },
  format: {
    type: "string",
    value: "FORMAT",
    choices: PAYLOAD_FORMATS,
    help: `How payloads are read: ${PAYLOAD_FORMATS.join(", ")}.`,
  },
  pretty: { type: "boolean", help: "Write JSON records over several lines.", group: "Output" },
  "no-newline": { type: "boolean", short: "N", help: "Print nothing between messages.", group: "Output" },
  ...SCHEMA_OPTIONS,
};

/** The pieces that are printed of a message, line break included. Throws Error when its payload is not what --format says. */
export type MessagePrinter = (message: Message) => (string | Uint8Array)[];

/** @throws MqttError USAGE */
export async function messagePrinter(line: CommandLine): Promise<MessagePrinter> {
  const format = await formatOf(line);
  const piecesOf = fieldsOf(line, format);
  if (line.flag("no-newline")) return piecesOf;
  return (message) => [...piecesOf(message), "\n"];
}

function fieldsOf(line: CommandLine, format: PayloadFormat): MessagePrinter {
  const print = line.text("print");
  const ways = [line.flag("verbose"), line.flag("json"), print !== undefined].filter(Boolean);
  if (ways.length > 1) throw new MqttError("USAGE", { detail: "--verbose, --json and --print exclude each other" });
  const indent = line.flag("pretty") ? 2 : undefined;
  if (indent !== undefined && !line.flag("json") && print === undefined)
    throw new MqttError("USAGE", { detail: "--pretty belongs to --json and --print" });
  if (line.flag("json")) return (message) => [JSON.stringify(messageRecord(message, format, new Date()), null, indent)];
  if (line.flag("verbose")) return (message) => [message.topicName, " ", format.decode(message.payload)];
  if (print === undefined) return (message) => [format.decode(message.payload)];
  const fields = compilePrintFormat(print, indent);
  return (message) => fields(message, format);
}
