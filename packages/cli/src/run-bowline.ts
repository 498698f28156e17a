import type { Command } from "./command.ts";
import { readVersion } from "./version.ts";

/** Every command: what it is for, and how it is loaded. */
const COMMANDS: Readonly<Record<string, { summary: string; load: () => Promise<Command> }>> = {
  up: { summary: "start a broker", load: async () => (await import("./commands/up.ts")).up },
  pub: { summary: "publish messages", load: async () => (await import("./commands/pub.ts")).pub },
  sub: { summary: "subscribe and print messages", load: async () => (await import("./commands/sub.ts")).sub },
  doctor: { summary: "say why a connection fails", load: async () => (await import("./commands/doctor.ts")).doctor },
  user: { summary: "add, list and remove users of the broker", load: async () => (await import("./commands/user.ts")).user },
  tenant: { summary: "make, list, pause and delete tenants", load: async () => (await import("./commands/tenant.ts")).tenant },
  key: {
    summary: "make, list, rotate and remove keys to the admin API",
    load: async () => (await import("./commands/key.ts")).key,
  },
  acl: { summary: "say what clients may publish and subscribe to", load: async () => (await import("./commands/acl.ts")).acl },
  backup: {
    summary: "copy the store to a file, restore it, or salvage a damaged one",
    load: async () => (await import("./commands/backup.ts")).backup,
  },
  config: {
    summary: "check a configuration file, or reload the broker's",
    load: async () => (await import("./commands/config.ts")).config,
  },
  drain: {
    summary: "send the broker's clients away before it ends",
    load: async () => (await import("./commands/drain.ts")).drain,
  },
  trace: {
    summary: "show the packets that pass at the broker",
    load: async () => (await import("./commands/trace.ts")).trace,
  },
  realtime: {
    summary: "try out a custom authorizer",
    load: async () => (await import("./commands/realtime.ts")).realtime,
  },
  console: {
    summary: "make a link that signs a browser in",
    load: async () => (await import("./commands/console.ts")).consoleLink,
  },
  trust: {
    summary: "make this machine trust the local certificate authority",
    load: async () => (await import("./commands/trust.ts")).trust,
  },
  explain: {
    summary: "say what an error code means and what to do",
    load: async () => (await import("./commands/explain.ts")).explain,
  },
};

/** Runs the command line and resolves with the exit code. Never rejects. */
export async function runBowline(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === "--version" || name === "-V") return print(`${readVersion()}\n`);
  if (name === undefined || name === "help" || name === "--help" || name === "-h") return help(rest[0]);
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!entry) return unknownCommand(name);
  return runCommand(name, entry.load, rest);
}

async function runCommand(name: string, load: () => Promise<Command>, argv: readonly string[]): Promise<number> {
  const { parseCommandLine } = await import("./command-line.ts");
  const { COMMON_OPTIONS, helpOf } = await import("./print-help.ts");
  const isDebugging = argv.includes("--debug");
  try {
    const command = await load();
    const line = await parseCommandLine(argv, { ...command.options, ...COMMON_OPTIONS });
    if (line.flag("help")) return print(helpOf(command));
    return await command.run(line);
  } catch (error) {
    const { reportError } = await import("./report-error.ts");
    const exitCode = reportError(error, isDebugging);
    if (exitCode === 2) process.stderr.write(`  See bowline ${name} --help.\n`);
    return exitCode;
  }
}

async function help(name: string | undefined): Promise<number> {
  const entry = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (entry) {
    const { helpOf } = await import("./print-help.ts");
    return print(helpOf(await entry.load()));
  }
  const rows = Object.entries(COMMANDS).map(([command, { summary }]) => `  ${command.padEnd(8)} ${summary}`);
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

async function unknownCommand(name: string): Promise<number> {
  const { closestName } = await import("@bowline/protocol/internal");
  const meant = closestName(name, Object.keys(COMMANDS));
  const advice = meant === undefined ? `The commands are ${Object.keys(COMMANDS).join(", ")}.` : `Did you mean bowline ${meant}?`;
  process.stderr.write(`error[USAGE] unknown command "${name}"\n  ${advice}\n`);
  return 2;
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}
