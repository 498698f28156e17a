import { COMMANDS } from "./command-list.ts";
import type { Command } from "./command.ts";
import type { CommandLine } from "./command-line.ts";
import { readVersion } from "./version.ts";

/** Runs the command line and resolves with the exit code. Never rejects. */
export async function runBowline(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === "--version" || name === "-V") return print(`${readVersion()}\n`);
  if (name === undefined || name === "help" || name === "--help" || name === "-h") return help(rest[0], rest[1] === "all");
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!entry) return unknownCommand(name);
  return runCommand(name, entry.load, rest);
}

async function runCommand(name: string, load: () => Promise<Command>, argv: readonly string[]): Promise<number> {
  const { parseCommandLine } = await import("./command-line.ts");
  const { COMMON_OPTIONS, helpOf } = await import("./print-help.ts");
  const { checkWords } = await import("./check-words.ts");
  const isDebugging = argv.includes("--debug");
  try {
    const command = await load();
    const line = await parseCommandLine(argv, { ...command.options, ...COMMON_OPTIONS });
    if (line.flag("help")) return print(helpOf(command, line.words[0] === "all"));
    checkWords(name, command, line.words);
    return await command.run(line.text("profile") === undefined ? line : await profiled(line), COMMANDS);
  } catch (error) {
    const { reportError } = await import("./report-error.ts");
    const exitCode = reportError(error, isDebugging);
    if (exitCode === 2) process.stderr.write(`  See bowline ${name} --help.\n`);
    return exitCode;
  }
}

async function profiled(line: CommandLine): Promise<CommandLine> {
  const { withProfile } = await import("./profiles/with-profile.ts");
  return withProfile(line);
}

async function help(name: string | undefined, isWhole: boolean): Promise<number> {
  const entry = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (entry) {
    const { helpOf } = await import("./print-help.ts");
    return print(helpOf(await entry.load(), isWhole));
  }
  const rows = Object.entries(COMMANDS).map(([command, { summary }]) => `  ${command.padEnd(10)} ${summary}`);
  return print(
    `${[
      "Bowline is an MQTT broker and client.",
      "",
      "Usage: bowline COMMAND ...",
      "",
      "Commands:",
      ...rows,
      "",
      "Examples:",
      "  bowline up",
      "  bowline sub mqtts://localhost:8883 --credentials .bowline/first-user.json -t 'demo/#'",
      "  bowline explain TLS_UNKNOWN_CA",
      "",
      "bowline COMMAND --help shows the options of a command; bowline --version the version.",
    ].join("\n")}\n`,
  );
}

/** What people type whose habits are other programs'. */
const otherWords: Readonly<Record<string, string>> = {
  publish: "pub",
  subscribe: "sub",
  request: "rpc",
  start: "up",
  serve: "up",
  broker: "up",
  check: "doctor",
  passwd: "user",
  restore: "backup",
};

async function unknownCommand(name: string): Promise<number> {
  const { closestName } = await import("@bowline/protocol/internal");
  const meant = otherWords[name] ?? closestName(name, Object.keys(COMMANDS));
  const advice = meant === undefined ? `The commands are ${Object.keys(COMMANDS).join(", ")}.` : `Did you mean bowline ${meant}?`;
  process.stderr.write(`error[USAGE] unknown command "${name}"\n  ${advice}\n`);
  return 2;
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}
