import type { CommandList } from "../command.ts";
import type { OptionSpec } from "../option-spec.ts";
import { COMMON_OPTIONS } from "../print-help.ts";

/** What follows an option: nothing, a file, a folder, a profile's name, one of some words, or a word that only its user knows. */
export type Takes = "nothing" | "file" | "folder" | "profile" | "word" | readonly string[];

export interface CompletedOption {
  readonly name: string;
  readonly short: string | undefined;
  readonly takes: Takes;
  /** What stands for its value in the help. */
  readonly value: string;
  readonly isRepeated: boolean;
  readonly help: string;
}

export interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  /** What may follow the name: `add` of `bowline user add`. */
  readonly actions: readonly string[];
  /** Those of them that the name of a profile follows. */
  readonly profileActions: readonly string[];
  readonly options: readonly CompletedOption[];
}

/** What a shell has to know of the command, from the same table that takes command lines apart. */
export async function completionModel(commands: CommandList): Promise<CompletedCommand[]> {
  return Promise.all(
    Object.entries(commands).map(async ([name, { summary, load }]) => {
      const { usage, options } = await load();
      const profileActions = name === "profile" ? ["show", "remove"] : [];
      return { name, summary, actions: actionsOf(usage), profileActions, options: optionsOf({ ...options, ...COMMON_OPTIONS }) };
    }),
  );
}

function actionsOf(usage: readonly string[]): string[] {
  const words = usage.flatMap((form) => /^bowline [a-z]+ ([a-z][a-z|-]*)(?= |$)/.exec(form)?.[1]?.split("|") ?? []);
  return [...new Set(words)];
}

function optionsOf(options: Readonly<Record<string, OptionSpec>>): CompletedOption[] {
  return Object.entries(options).flatMap(([name, { short, value = "", choices, multiple = false, help, type }]) =>
    help === undefined
      ? []
      : [
          {
            name,
            short,
            takes: type === "boolean" ? "nothing" : (choices ?? takenBy(name, value)),
            value,
            isRepeated: multiple,
            help,
          },
        ],
  );
}

function takenBy(name: string, value: string): Takes {
  if (name === "profile") return "profile";
  if (value === "FILE") return "file";
  if (value === "DIR") return "folder";
  return /^[\w.]+(\|[\w.]+)+$/.test(value) ? value.split("|") : "word";
}
