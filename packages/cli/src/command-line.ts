import { parseArgs } from "node:util";
import { MqttError } from "@bowline/protocol";
import type { OptionSpec } from "./option-spec.ts";

type Value = string | boolean | (string | boolean)[] | undefined;

/** The words after a command, taken apart as its options say. */
export class CommandLine {
  readonly words: readonly string[];
  readonly #values: Record<string, Value>;

  constructor(words: readonly string[], values: Record<string, Value>) {
    this.words = words;
    this.#values = values;
  }

  /** Value of an option that takes one. */
  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === "string" ? value : undefined;
  }

  /** Values of an option that may repeat. */
  list(name: string): string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value.map(String) : [];
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  /** @throws MqttError USAGE unless it is a whole number from `minimum` to `maximum` */
  number(name: string, minimum: number, maximum: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= minimum && number <= maximum) return number;
    throw new MqttError("USAGE", { detail: `--${name} must be a number from ${minimum} to ${maximum}, not "${text}"` });
  }
}

/** @throws MqttError USAGE */
export async function parseCommandLine(
  argv: readonly string[],
  options: Readonly<Record<string, OptionSpec>>,
): Promise<CommandLine> {
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options: { ...options }, allowPositionals: true, strict: true });
    return new CommandLine(positionals, values);
  } catch (error) {
    throw await usageError(error as Error, options);
  }
}

async function usageError(error: Error, options: Readonly<Record<string, OptionSpec>>): Promise<MqttError> {
  const unknown = /Unknown option '(-[^']*)'/.exec(error.message)?.[1];
  if (unknown === undefined) return new MqttError("USAGE", { detail: firstSentence(error.message) });
  const { closestName } = await import("@bowline/protocol/internal");
  const meant = closestName(unknown.replace(/^-+/, ""), Object.keys(options));
  return new MqttError("USAGE", { detail: `unknown option ${unknown}${meant === undefined ? "" : `; did you mean --${meant}?`}` });
}

// Node adds advice of its own after the first sentence, which speaks of JavaScript.
function firstSentence(message: string): string {
  return message.split(/\. |\n/, 1)[0] ?? message;
}
