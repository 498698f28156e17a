/** One `--flag` of a command. */
export interface OptionSpec {
  type: "string" | "boolean";
  /** One letter, for `-x`. */
  short?: string;
  multiple?: boolean;
  /** What stands for the value in the help, FILE or URL; for options of type string. Words joined by | are all it may be. */
  value?: string;
  /** All that it may be, where these words are too many to stand for the value. */
  choices?: readonly string[];
  /** One line of help. A hidden option has none. */
  help?: string;
  /** Heads it in `--help all`, which alone shows options of a group: those that most people never need. */
  group?: string;
}
