import type { CommandLine } from "./command-line.ts";
import type { OptionSpec } from "./option-spec.ts";

/** A command is a file that is loaded when it is asked for, so that `bowline --version` loads none of them. */
export interface Command {
  /** `bowline pub URL -t TOPIC ...`, one per form. Where all begin with a word, as `bowline user add NAME`, the words are held against them. */
  usage: readonly string[];
  /** More words than these are wrong where forms do not begin with one; left out by commands that see to it themselves. */
  mostWords?: number;
  /** A few sentences under the usage, wrapped by hand. */
  description: string;
  /** More of it, for `--help all`. */
  details?: string;
  options: Readonly<Record<string, OptionSpec>>;
  /** Each runs as it stands, on the broker that `bowline up` starts. */
  examples: readonly string[];
  /** Resolves with the exit code; rejects with MqttError, which is printed with its remedy. */
  run(line: CommandLine, all: CommandList): Promise<number>;
}

/** Commands by their names: what each is for, and how it is loaded. */
export type CommandList = Readonly<Record<string, { readonly summary: string; readonly load: () => Promise<Command> }>>;
