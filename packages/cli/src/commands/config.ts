import { resolve } from "node:path";
import { AdminClient } from "../admin-client.ts";
import type { CommandLine } from "../command-line.ts";
import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const config: Command = {
  usage: ["bowline config check FILE", "bowline config reload", "bowline config show"],
  description: [
    "check reads a configuration file, and the certificates and keys it names, as `bowline up --config` would, opens nothing, and says what",
    "is wrong: file, line, column, what is there and what was expected. reload tells the broker that runs in a data folder to read its file",
    "anew: as a whole or not at all, and connections stay. show prints the configuration in force; secrets are not in it, only where they lie.",
  ].join("\n"),
  options: {
    data: { type: "string", value: "DIR", help: "Data folder of the running broker; default ./.bowline." },
    json: { type: "boolean", help: "Print JSON." },
  },
  examples: ["bowline config check bowline.yaml", "bowline config reload --data /var/lib/bowline", "bowline config show"],
  run: (line) => {
    const [action] = line.words;
    if (action === "check") return check(line);
    return action === "reload" ? reload(line) : show(line);
  },
};

async function check(line: CommandLine): Promise<number> {
  const [, file = ""] = line.words;
  const { loadConfigFiles } = await import("@bowline/broker/internal");
  const { loadConfigModule } = await import("../config/load-config-module.ts");
  const { config: read, warnings = [] } = await loadConfigFiles({ file, loadModule: loadConfigModule });
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
  process.stdout.write(line.flag("json") ? `${JSON.stringify({ v: 1, config: read, warnings })}\n` : `${file} is well\n`);
  return ExitCode.Well;
}

async function reload(line: CommandLine): Promise<number> {
  const { changed } = await (await adminOf(line)).request<{ changed: string[] }>("POST", "/api/v1/config/reload");
  const words = changed.length === 0 ? "nothing has changed" : `in force: ${changed.join(", ")}`;
  process.stdout.write(line.flag("json") ? `${JSON.stringify({ v: 1, changed })}\n` : `${words}\n`);
  return ExitCode.Well;
}

async function show(line: CommandLine): Promise<number> {
  const answer = await (await adminOf(line)).request<object>("GET", "/api/v1/config");
  process.stdout.write(`${JSON.stringify({ v: 1, ...answer }, undefined, line.flag("json") ? undefined : 2)}\n`);
  return ExitCode.Well;
}

async function adminOf(line: CommandLine): Promise<AdminClient> {
  const { dataFolder } = await import("@bowline/broker/internal/light");
  return new AdminClient(dataFolder(resolve(line.text("data") ?? ".bowline")).adminSocket);
}
