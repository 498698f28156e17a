import { parseArgs } from "node:util";
import { MqttError } from "@bowline/protocol";
import type { OptionSpec } from "./option-spec.ts";

/** What stands behind an option on a command line, or in a profile. */
export type OptionValue = string | boolean | (string | boolean)[] | undefined;

/** The words after a command, taken apart as its options say. */
export class CommandLine {
  readonly words: readonly string[];
  /** Every option that was given, by its long name. */
  readonly values: Readonly<Record<string, OptionValue>>;

  constructor(words: readonly string[], values: Readonly<Record<string, OptionValue>>) {
    this.words = words;
    this.values = values;
  }

  /** The same with values for what was not given, such as those of a profile. */
  over(defaults: Readonly<Record<string, OptionValue>>): CommandLine {
    return new CommandLine(this.words, { ...defaults, ...this.values });
  }

  /** Value of an option that takes one. */
  text(name: string): string | undefined {
    const value = this.values[name];
    return typeof value === "string" ? value : undefined;
  }

  /** Values of an option that may repeat. */
  list(name: string): string[] {
    const value = this.values[name];
    return Array.isArray(value) ? value.map(String) : [];
  }

  flag(name: string): boolean {
    return this.values[name] === true;
  }

  /** @throws MqttError USAGE unless it is a whole number from `minimum` to `maximum` */
  number(name: string, minimum: number, maximum: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= minimum && number <= maximum) return number;
    throw new MqttError("USAGE", { detail: `--${name} must be a number from ${minimum} to ${maximum}, not "${text}"` });
  }

  /**
   * Seconds, parts of them too, as ms.
   *
   * @throws MqttError USAGE
   */
  milliseconds(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const seconds = Number(text);
    if (/^\d+(\.\d+)?$|^\.\d+$/.test(text) && seconds <= SECONDS_MAX) return seconds * 1_000;
    throw new MqttError("USAGE", { detail: `--${name} must be a number of seconds up to ${SECONDS_MAX}, not "${text}"` });
  }

  /** @throws MqttError USAGE unless it is one of the words */
  choice<Word extends string>(name: string, words: readonly Word[]): Word | undefined {
    const text = this.text(name);
    if (text === undefined || (words as readonly string[]).includes(text)) return text as Word | undefined;
    const detail = `--${name} must be ${words.slice(0, -1).join(", ")} or ${words.at(-1)}, not "${text}"`;
    throw new MqttError("USAGE", { detail });
  }
}

/** Timers hold no more. */
const SECONDS_MAX = 2_000_000;

/** @throws MqttError USAGE */
export async function parseCommandLine(
  argv: readonly string[],
  options: Readonly<Record<string, OptionSpec>>,
): Promise<CommandLine> {
  try {
    // No option is a number: -5 is what somebody was told, and asks about.
    const numbers = argv.filter((word) => /^-\d+$/.test(word));
    const args = argv.filter((word) => !numbers.includes(word));
    const { values, positionals } = parseArgs({ args, options: { ...options }, allowPositionals: true, strict: true });
    return new CommandLine([...positionals, ...numbers], values);
  } catch (error) {
    throw await usageError(error as Error, options);
  }
}

async function usageError(error: Error, options: Readonly<Record<string, OptionSpec>>): Promise<MqttError> {
  const unknown = /Unknown option '(-[^']*)'/.exec(error.message)?.[1];
  if (unknown === undefined) return new MqttError("USAGE", { detail: firstSentence(error.message) });
  const remedy = await adviceFor(unknown, options);
  if (remedy !== undefined) return new MqttError("USAGE", { detail: `unknown option ${unknown}`, remedy });
  const { closestName } = await import("@bowline/protocol/internal");
  const meant = closestName(unknown.replace(/^-+/, ""), Object.keys(options));
  return new MqttError("USAGE", { detail: `unknown option ${unknown}${meant === undefined ? "" : `; did you mean --${meant}?`}` });
}

/** How it is said here, where the command connects to a broker as those do that know the option. */
async function adviceFor(unknown: string, options: Readonly<Record<string, OptionSpec>>): Promise<string | undefined> {
  if (options["credentials"] === undefined) return undefined;
  const { FOREIGN_OPTIONS } = await import("./foreign-options.ts");
  const name = unknown.replace(/^-+/, "");
  const ours = Object.hasOwn(FOREIGN_OPTIONS, name) ? FOREIGN_OPTIONS[name] : undefined;
  return ours?.startsWith("--") ? `Here it is ${ours}.` : ours;
}

// Node adds advice of its own after the first sentence, which speaks of JavaScript.
function firstSentence(message: string): string {
  return message.split(/\. |\n/, 1)[0] ?? message;
}
