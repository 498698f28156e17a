/** One `--flag` of a command. */
export interface OptionSpec {
  type: "string" | "boolean";
  /** One letter, for `-x`. */
  short?: string;
  multiple?: boolean;
  /** What stands for the value in the help, FILE or URL; for options of type string. */
  value?: string;
  /** One line of help. A hidden option has none. */
  help?: string;
}
