import { readFile } from "node:fs/promises";
import type { RuleInput } from "@bowline/broker/internal";
import { MqttError } from "@bowline/protocol";
import type { CommandLine } from "./command-line.ts";
import { ExitCode } from "./exit-code.ts";
import type { Rules } from "./rules.ts";

const FORMATS = ["mosquitto", "emqx", "json"] as const;
type Format = (typeof FORMATS)[number];

/** Adds the rules of a file, or puts them in place of all: all of them or, when a line is wrong, none. */
export async function importRules(line: CommandLine, file: string, rules: Rules): Promise<number> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new MqttError("OPTION_INVALID", {
      detail: `${file}: ${(cause as NodeJS.ErrnoException).code ?? "it cannot be read"}`,
      remedy: "Give a file this user may read.",
      cause,
    });
  });
  const read = await parse(text, file, formatOf(line.text("format")) ?? formatByName(file));
  const added = line.flag("replace") ? await rules.replaceAll(read) : await rules.addAll(read);
  process.stdout.write(`${added.length} rules\n`);
  return ExitCode.Well;
}

/** Prints all rules. */
export async function exportRules(line: CommandLine, rules: Rules): Promise<number> {
  const { rules: listed } = await rules.list();
  const format = formatOf(line.text("format")) ?? "json";
  if (format === "mosquitto") throw new MqttError("USAGE", { detail: "rules are exported as emqx or json" });
  if (format === "json") process.stdout.write(`${JSON.stringify(listed, undefined, 2)}\n`);
  else process.stdout.write((await import("@bowline/broker/internal")).writeEmqxCsv(listed));
  return ExitCode.Well;
}

async function parse(text: string, file: string, format: Format): Promise<RuleInput[]> {
  const { parseEmqxCsv, parseMosquittoAcl } = await import("@bowline/broker/internal");
  if (format === "mosquitto") return parseMosquittoAcl(text, file);
  if (format === "emqx") return parseEmqxCsv(text, file);
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value)) return value as RuleInput[];
  } catch (cause) {
    throw new MqttError("OPTION_INVALID", { detail: `${file}: it is no JSON`, cause });
  }
  throw new MqttError("OPTION_INVALID", { detail: `${file}: it is no list of rules` });
}

function formatOf(word: string | undefined): Format | undefined {
  if (word === undefined) return undefined;
  const found = FORMATS.find((each) => each === word);
  if (found === undefined) throw new MqttError("USAGE", { detail: `--format is ${FORMATS.join(", ")}, not "${word}"` });
  return found;
}

function formatByName(file: string): Format {
  if (file.endsWith(".csv")) return "emqx";
  return file.endsWith(".json") ? "json" : "mosquitto";
}
