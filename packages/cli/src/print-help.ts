import type { Command } from "./command.ts";
import type { OptionSpec } from "./option-spec.ts";

/** What fits beside other windows. */
const COLUMNS = 100;

/** The help of one command: forms, what it does, options, examples. Options of a group are shown in `--help all` alone. */
export function helpOf(command: Command, isWhole: boolean): string {
  const options = Object.entries({ ...command.options, ...COMMON_OPTIONS }).filter(([, spec]) => spec.help !== undefined);
  const shown = isWhole ? options : options.filter(([, { group }]) => group === undefined);
  const width = Math.max(...shown.map(([name, spec]) => optionHead(name, spec).length));
  const heads = [undefined, ...new Set(shown.flatMap(([, { group }]) => group ?? []))];
  return [
    ...command.usage.map((form, i) => `${i === 0 ? "Usage:" : "      "} ${form}`),
    "",
    ...paragraphs(command.description),
    ...(isWhole && command.details !== undefined ? ["", ...paragraphs(command.details)] : []),
    ...heads.flatMap((group) => ["", `${group ?? "Options"}:`, ...rows(shown, group, width)]),
    ...(isWhole ? [] : leftOut(command, options.length - shown.length)),
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

function leftOut({ details }: Command, options: number): string[] {
  if (options > 0) return [`  ${options} more${details === undefined ? "" : ", and more about it"}: --help all`];
  return details === undefined ? [] : ["  More about it: --help all"];
}

function rows(options: readonly [string, OptionSpec][], group: string | undefined, width: number): string[] {
  const own = options.filter(([, spec]) => spec.group === group);
  return own.flatMap(([name, spec]) => {
    const [first = "", ...more] = wrapped(spec.help ?? "", COLUMNS - width - 4);
    const indent = " ".repeat(width + 4);
    return [`  ${optionHead(name, spec).padEnd(width)}  ${first}`, ...more.map((text) => indent + text)];
  });
}

function optionHead(name: string, spec: OptionSpec): string {
  const short = spec.short === undefined ? "    " : `-${spec.short}, `;
  return `${short}--${name}${spec.value === undefined ? "" : ` ${spec.value}`}${spec.multiple ? " ..." : ""}`;
}

/** Paragraphs are parted by empty lines; within one the lines of the source do not count. */
function paragraphs(text: string): string[] {
  const parts = text.split("\n\n").map((part) => wrapped(part.replaceAll("\n", " "), COLUMNS));
  return parts.flatMap((lines, i) => (i === 0 ? lines : ["", ...lines]));
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line += line === "" ? word : ` ${word}`;
  }
  return [...lines, line];
}
