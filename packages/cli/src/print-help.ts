import type { Command } from "./command.ts";
import type { OptionSpec } from "./option-spec.ts";

/** The help of one command: forms, what it does, options, examples. */
export function helpOf(command: Command): string {
  const options = Object.entries({ ...command.options, ...COMMON_OPTIONS }).filter(([, spec]) => spec.help !== undefined);
  const heads = options.map(([name, spec]) => optionHead(name, spec));
  const width = Math.max(...heads.map((head) => head.length));
  const rows = options.map(([, spec], i) => `  ${(heads[i] ?? "").padEnd(width)}  ${spec.help}`);
  return [
    ...command.usage.map((form, i) => `${i === 0 ? "Usage:" : "      "} ${form}`),
    "",
    command.description,
    "",
    "Options:",
    ...rows,
    "",
    "Examples:",
    ...command.examples.map((example) => `  ${example}`),
    "",
  ].join("\n");
}

/** Known to every command. */
export const COMMON_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  debug: { type: "boolean", help: "Show stacks of errors." },
  help: { type: "boolean", short: "h", help: "Show this help." },
};

function optionHead(name: string, spec: OptionSpec): string {
  const short = spec.short === undefined ? "    " : `-${spec.short}, `;
  return `${short}--${name}${spec.value === undefined ? "" : ` ${spec.value}`}${spec.multiple ? " ..." : ""}`;
}
