import { type ErrorCode, errorCodes, errorInfo, isErrorCode, MqttError } from "@bowline/protocol";
import { explain as explanationOf } from "@bowline/protocol/explanations";
import { codesSeenAs } from "@bowline/protocol/other-names";
import { closestName } from "@bowline/protocol/internal";
import type { CommandLine } from "../command-line.ts";
import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const explain: Command = {
  usage: ["bowline explain CODE", "bowline explain --list"],
  description: "Says what an error code means, how it shows, and what to do about it.",
  options: {
    list: { type: "boolean", help: "List all codes with one line each." },
    json: { type: "boolean", help: "Print JSON." },
  },
  examples: ["bowline explain TLS_UNKNOWN_CA", "bowline explain --list"],
  run: (line) => (line.flag("list") ? list(line) : explainCode(line)),
};

function list(line: CommandLine): Promise<number> {
  const rows = errorCodes.map((code) => {
    if (line.flag("json")) return JSON.stringify({ v: 1, ...errorInfo(code) });
    return `${code.padEnd(28)} ${errorInfo(code).title}`;
  });
  process.stdout.write(`${rows.join("\n")}\n`);
  return Promise.resolve(ExitCode.Well);
}

function explainCode(line: CommandLine): Promise<number> {
  const typed = line.words.join(" ");
  if (typed === "") throw new MqttError("USAGE", { detail: "the code is missing, such as TLS_UNKNOWN_CA" });
  const code = typed.toUpperCase().replaceAll("-", "_");
  // Whoever has an error of another program in front of him (ECONNREFUSED, a number of OpenSSL) is led to our names for it.
  const codes = isErrorCode(code) ? [code] : codesSeenAs(typed);
  if (codes.length === 0) throw unknownCode(typed, code);
  if (!isErrorCode(code) && !line.flag("json")) process.stdout.write(`Known here as ${codes.join(", ")}.\n\n`);
  const texts = codes.map((each) => (line.flag("json") ? `${JSON.stringify({ v: 1, ...explanationOf(each) })}\n` : textOf(each)));
  process.stdout.write(texts.join(line.flag("json") ? "" : "\n"));
  return Promise.resolve(ExitCode.Well);
}

function unknownCode(typed: string, code: string): MqttError {
  const meant = closestName(code, errorCodes);
  const remedy = meant === undefined ? "See bowline explain --list." : `Did you mean ${meant}? bowline explain --list shows all.`;
  return new MqttError("USAGE", { detail: `there is no error code "${typed}"`, remedy });
}

const SOURCES = {
  usage: "what was asked for",
  local: "this machine or a limit of this program",
  peer: "the other side",
  network: "what lies between",
  internal: "a bug of Bowline",
} as const;

const RETRIES = {
  never: "no",
  "new-input": "only with other input",
  "new-credentials": "only with other credentials",
  backoff: "yes, with growing delays",
  "loop-guard": "a few times, with long delays",
} as const;

function textOf(code: ErrorCode): string {
  const info = explanationOf(code);
  return [
    `${code}: ${info.title}.`,
    "",
    `  What to do   ${info.remedy}`,
    `  Where        ${info.stage}`,
    `  Fault of     ${SOURCES[info.source]}`,
    `  Try again    ${RETRIES[info.retry]}`,
    ...section("Causes", info.causes),
    ...section("How to tell", info.tell === undefined ? [] : [info.tell]),
    ...section("Fixes", info.fixes),
    ...section("Seen as", info.seenAs ?? []),
    "",
  ].join("\n");
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", `  ${title}`, ...lines.map((line) => `    - ${line}`)];
}
