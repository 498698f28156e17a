import { resolve } from "node:path";
import type { BackupReport, SalvageReport } from "@bowline/broker/internal";
import { dataFolder } from "@bowline/broker/internal/light";
import { MqttError } from "@bowline/protocol";
import type { CommandLine } from "../command-line.ts";
import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const backup: Command = {
  usage: ["bowline backup --to FILE", "bowline backup --restore FILE", "bowline backup --salvage"],
  description: [
    "--to copies the store of a data folder to a new file while the broker goes on, or without one: sessions, messages, users and rules",
    "as of one moment, each row checked. --restore makes a store of such a file in a data folder that has none. --salvage makes a new store",
    "of what can be read of a damaged one, says what was lost, and keeps the damaged file. For the last two no broker may run there.",
    "Certificates, the operator's key and the configuration are not in a backup: they are files of their own.",
  ].join("\n"),
  options: {
    data: { type: "string", value: "DIR", help: "Data folder; default ./.bowline." },
    to: { type: "string", value: "FILE", help: "Write a backup to this file, which must not exist." },
    restore: { type: "string", value: "FILE", help: "Restore this backup." },
    salvage: { type: "boolean", help: "Keep what can be read of a damaged store." },
    json: { type: "boolean", help: "Print JSON." },
  },
  examples: [
    "bowline backup --to bowline-monday.backup",
    "bowline backup --restore bowline-monday.backup --data ./restored",
    "bowline backup --salvage",
  ],
  run: async (line) => {
    const { backupStore, restoreStore, salvageUnused } = await import("@bowline/broker/internal/storage");
    const { store } = dataFolder(resolve(line.text("data") ?? ".bowline"));
    const { to, from } = askedFor(line);
    if (to !== undefined) return tellBackup(line, to, await backupStore(store, resolve(to)));
    if (from !== undefined) return tellBackup(line, store, await restoreStore(resolve(from), store));
    return tellSalvage(line, await salvageUnused(store));
  },
};

/** Neither of the two means salvage. */
function askedFor(line: CommandLine): { to: string | undefined; from: string | undefined } {
  const [word] = line.words;
  if (word !== undefined) throw new MqttError("USAGE", { detail: `bowline backup takes no "${word}"` });
  const [to, from] = [line.text("to"), line.text("restore")];
  const count = [to !== undefined, from !== undefined, line.flag("salvage")].filter(Boolean).length;
  if (count !== 1) throw new MqttError("USAGE", { detail: "say one of --to FILE, --restore FILE and --salvage" });
  return { to, from };
}

function tellBackup(line: CommandLine, where: string, { rows, bytes }: BackupReport): number {
  process.stdout.write(
    line.flag("json") ? `${JSON.stringify({ v: 1, file: where, rows, bytes })}\n` : `${where}: ${rows} rows, ${bytes} bytes\n`,
  );
  return ExitCode.Well;
}

function tellSalvage(line: CommandLine, report: SalvageReport | undefined): number {
  if (line.flag("json")) process.stdout.write(`${JSON.stringify({ v: 1, isDamaged: report !== undefined, ...report })}\n`);
  else process.stdout.write(report === undefined ? "the store is sound; nothing was changed\n" : inWords(report));
  return ExitCode.Well;
}

function inWords({ tables, damagedFile }: SalvageReport): string {
  const rows = Object.entries(tables).map(([name, { expected, kept }]) => {
    const lost = expected === undefined ? "how many there were is unknown" : `${Math.max(0, expected - kept)} lost`;
    return `${name}: ${kept} kept, ${lost}`;
  });
  return `${[...rows, `the damaged store is kept as ${damagedFile}`].join("\n")}\n`;
}
