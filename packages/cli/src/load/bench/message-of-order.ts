import { createReadStream } from "node:fs";
import { MqttError } from "@bowline/protocol";
import type { CommandLine } from "../../command-line.ts";
import { ANSWER_OPTIONS, MESSAGE_OPTIONS, messageOptions } from "../../messages/message-options.ts";
import { readLines } from "../../messages/read-lines.ts";
import { compileTemplate } from "../../messages/template.ts";
import type { OptionSpec } from "../../option-spec.ts";
import type { OwnMessage } from "../own-message.ts";
import type { BenchKind } from "./bench-kind.ts";

const group = "Messages of your own";

/** What `bowline bench` sends in place of its own messages. */
export const OWN_MESSAGE_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  message: { type: "string", short: "m", value: "TEXT", help: "Send this.", group },
  file: { type: "string", short: "f", value: "FILE", help: "Send the content of a file; - is standard input.", group },
  lines: { type: "boolean", short: "l", help: "Each line of --file is a message; they are taken in turn.", group },
  template: { type: "boolean", help: "Fill in {{counter}}, {{timestamp}} and others, as pub --template does.", group },
  ...inGroup(MESSAGE_OPTIONS),
  ...inGroup(ANSWER_OPTIONS),
};

/** Payloads are kept in memory, and copied to each thread. */
const PAYLOADS_BYTES_MAX = 268_435_455;

/**
 * The messages that the options describe; undefined for the generator's own.
 *
 * @throws MqttError USAGE, OPTION_INVALID
 */
export async function ownMessageOf(line: CommandLine, kind: BenchKind): Promise<OwnMessage | undefined> {
  const hasAliases = line.choice("topic-aliases", ["auto", "always", "never"]) === "always";
  const given = Object.keys(OWN_MESSAGE_OPTIONS).filter((name) => line.values[name] !== undefined);
  if (given.length === 0 && !hasAliases) return undefined;
  const first = given[0] ?? "topic-aliases";
  if (kind === "sub" || kind === "conn") throw new MqttError("USAGE", { detail: `--${first}: ${kind} sends no messages` });
  if (line.text("correlation-data") !== undefined && kind !== "pub")
    throw new MqttError("USAGE", {
      detail: `--correlation-data belongs to pub: ${kind} numbers the messages there, to check that they arrive`,
    });
  const payloads = await payloadsOf(line);
  const isTemplate = line.flag("template");
  if (isTemplate) for (const payload of payloads) compileTemplate(Buffer.from(payload).toString());
  const { qos: _, retain: __, ...properties } = messageOptions(line);
  return { payloads, isTemplate, properties, hasAliases };
}

async function payloadsOf(line: CommandLine): Promise<readonly Uint8Array[]> {
  const text = line.text("message");
  const path = line.text("file");
  const hasSource = text !== undefined || path !== undefined;
  if (text !== undefined && path !== undefined) throw new MqttError("USAGE", { detail: "--message and --file exclude each other" });
  if (hasSource && line.text("size") !== undefined)
    throw new MqttError("USAGE", { detail: "--size belongs to messages of the generator's own" });
  if (line.flag("lines") && path === undefined) throw new MqttError("USAGE", { detail: "--lines needs --file FILE" });
  if (line.flag("template") && !hasSource) throw new MqttError("USAGE", { detail: "--template needs --message or --file" });
  if (path === "-" && line.flag("password-stdin"))
    throw new MqttError("USAGE", { detail: "-f - and --password-stdin both read standard input" });
  if (path !== undefined) return fromFile(path, line.flag("lines"));
  return [text === undefined ? new Uint8Array(line.number("size", 0, 1_048_576) ?? 64) : Buffer.from(text)];
}

async function fromFile(path: string, isLines: boolean): Promise<readonly Uint8Array[]> {
  const found: Uint8Array[] = [];
  try {
    const chunks = bounded(path, path === "-" ? process.stdin : createReadStream(path));
    if (isLines) for await (const lines of readLines(chunks)) found.push(...lines);
    else for await (const chunk of chunks) found.push(chunk);
  } catch (cause) {
    if (MqttError.is(cause)) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? "it cannot be read";
    throw new MqttError("OPTION_INVALID", { detail: `--file ${path}: ${code}`, cause });
  }
  if (!isLines) return [Buffer.concat(found)];
  if (found.length === 0) throw new MqttError("USAGE", { detail: `--file ${path} has no lines` });
  return found;
}

async function* bounded(path: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > PAYLOADS_BYTES_MAX)
      throw new MqttError("USAGE", { detail: `--file ${path} has more than ${PAYLOADS_BYTES_MAX} bytes` });
    yield chunk;
  }
}

function inGroup(options: Readonly<Record<string, OptionSpec>>): Record<string, OptionSpec> {
  return Object.fromEntries(Object.entries(options).map(([name, spec]) => [name, { ...spec, group }]));
}
