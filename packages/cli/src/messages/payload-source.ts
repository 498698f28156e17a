import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { MqttError } from "@bowline/protocol";
import type { CommandLine } from "../command-line.ts";
import type { OptionSpec } from "../option-spec.ts";
import { readLines } from "./read-lines.ts";

/** Where the message comes from. */
export const SOURCE_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  message: { type: "string", short: "m", value: "TEXT", help: "The message." },
  file: { type: "string", short: "f", value: "FILE", help: "Send the content of a file; - is standard input." },
  stdin: { type: "boolean", short: "s", help: "Send all of standard input as one message." },
  lines: { type: "boolean", short: "l", help: "Send each line of standard input as a message, as it comes." },
  null: { type: "boolean", short: "n", help: "Send an empty message; with -r it removes the retained one.", group: "Message" },
  size: { type: "string", value: "BYTES", help: "Send random bytes; 1KB is 1000, 1KiB is 1024.", group: "Message" },
};

/** Payloads as they become known, those that came together in one array. */
export type PayloadSource = () => AsyncIterable<readonly Uint8Array[]>;

const PAYLOAD_BYTES_MAX = 268_435_455;
const UNITS: Readonly<Record<string, number>> = { "": 1, k: 1_000, kb: 1_000, kib: 1_024, m: 1e6, mb: 1e6, mib: 1_048_576 };

/** @throws MqttError USAGE unless exactly one source is named */
export function payloadSource(line: CommandLine): PayloadSource {
  const given = Object.keys(SOURCE_OPTIONS).filter((name) => line.values[name] !== undefined);
  const [name] = given;
  if (given.length !== 1 || name === undefined)
    throw new MqttError("USAGE", { detail: "give the message with one of -m TEXT, -f FILE, -s, -l, -n or --size" });
  const path = line.text("file");
  if (line.flag("password-stdin") && (name === "lines" || name === "stdin" || path === "-")) {
    const what = name === "file" ? "-f -" : name === "lines" ? "-l" : "-s";
    throw new MqttError("USAGE", { detail: `${what} and --password-stdin both read standard input` });
  }
  if (name === "lines") return () => readLines(process.stdin);
  if (name === "stdin") return () => wholeFile("-");
  if (path !== undefined) return () => wholeFile(path);
  if (name === "size") return single(randomBytes(bytesOf(line.text("size") ?? "")));
  return single(Buffer.from(line.text("message") ?? ""));
}

function single(payload: Uint8Array): PayloadSource {
  return async function* () {
    yield [payload];
  };
}

async function* wholeFile(path: string): AsyncIterable<readonly Uint8Array[]> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of path === "-" ? process.stdin : createReadStream(path)) chunks.push(chunk as Buffer);
  } catch (cause) {
    throw new MqttError("OPTION_INVALID", {
      detail: `--file ${path}: ${(cause as NodeJS.ErrnoException).code ?? "it cannot be read"}`,
      cause,
    });
  }
  yield [Buffer.concat(chunks)];
}

function bytesOf(text: string): number {
  const [, digits, unit = ""] = /^(\d{1,9})\s*([a-z]*)$/i.exec(text) ?? [];
  const bytes = Number(digits) * (UNITS[unit.toLowerCase()] ?? Number.NaN);
  if (bytes >= 0 && bytes <= PAYLOAD_BYTES_MAX) return bytes;
  throw new MqttError("USAGE", { detail: `--size must be a number of bytes such as 512, 1KB or 1MiB, not "${text}"` });
}
