import { chmod, writeFile } from "node:fs/promises";
import type { KeySummary } from "@bowline/broker/internal";
import { MqttError } from "@bowline/protocol";
import { ADMIN_OPTIONS, adminTarget } from "../admin-target.ts";
import type { AdminClient } from "../admin-client.ts";
import type { CommandLine } from "../command-line.ts";
import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

const SECONDS_MAX = 315_360_000;
const OVERLAP_MAX = 604_800;

export const key: Command = {
  usage: [
    "bowline key create [--tenant NAME] [--read-only]",
    "bowline key list",
    "bowline key rotate APPID [--overlap SECONDS]",
    "bowline key remove APPID",
  ],
  description: [
    "Manages keys to the admin API of a running broker: AppID and AppSecret, sent as user and password (HTTP Basic), as scripts for EMQX",
    "do. With --tenant a key is for that tenant alone, without it for everything. The secret is shown once, or written to a file.",
  ].join("\n"),
  options: {
    ...ADMIN_OPTIONS,
    tenant: { type: "string", value: "NAME", help: "For this tenant alone; default: an operator's key, for everything." },
    "read-only": { type: "boolean", help: "It may look, and change nothing." },
    name: { type: "string", value: "TEXT", help: "What it is for." },
    expires: { type: "string", value: "SECONDS", help: "It ends after so many seconds; default: never." },
    overlap: { type: "string", value: "SECONDS", help: "With rotate: so long the old secret goes on; default 0." },
    output: {
      type: "string",
      short: "o",
      value: "FILE",
      help: "Write APPID:SECRET to a file (mode 600) in place of the terminal.",
    },
    json: { type: "boolean", help: "Print JSON." },
  },
  examples: [
    "bowline key create --tenant acme --name provisioning -o acme.key",
    "bowline key list",
    "bowline user list --url https://localhost:18084 --key-file acme.key --ca .bowline/ca.pem",
  ],
  run: async (line) => act(line, (await adminTarget(line)).client),
};

type IssuedKey = KeySummary & { secret: string };

async function act(line: CommandLine, admin: AdminClient): Promise<number> {
  const [action, id = ""] = line.words;
  if (action === "list") return list(line, admin);
  if (action === "create") return show(line, await admin.request<IssuedKey>("POST", "/api/v1/keys", inputOf(line)));
  const path = `/api/v1/keys/${encodeURIComponent(id)}`;
  if (action === "remove") {
    await admin.request("DELETE", path);
    return ExitCode.Well;
  }
  const overlapSeconds = line.number("overlap", 0, OVERLAP_MAX) ?? 0;
  return show(line, await admin.request<IssuedKey>("POST", `${path}/rotate`, { overlapSeconds }));
}

async function list(line: CommandLine, admin: AdminClient): Promise<number> {
  for (const each of await admin.list<KeySummary>("/api/v1/keys", "keys")) {
    const { id, tenant, access, name, expiresAt } = each;
    const end = expiresAt === undefined ? "" : `  until ${new Date(expiresAt).toISOString()}`;
    const text = `${id}  ${(tenant ?? "operator").padEnd(20)} ${access.padEnd(4)}  ${name}${end}`;
    process.stdout.write(line.flag("json") ? `${JSON.stringify({ v: 1, ...each })}\n` : `${text.trimEnd()}\n`);
  }
  return ExitCode.Well;
}

/** The one time. */
async function show(line: CommandLine, { secret, ...issued }: IssuedKey): Promise<number> {
  const file = line.text("output");
  if (file !== undefined) {
    try {
      await writeFile(file, `${issued.id}:${secret}\n`, { mode: 0o600 });
      // One that was there keeps its mode otherwise.
      await chmod(file, 0o600);
    } catch (cause) {
      const detail = `${file} cannot be written (${(cause as NodeJS.ErrnoException).code}), so nobody has the secret of key ${issued.id}`;
      throw new MqttError("OPTION_INVALID", { detail, remedy: `Have another one: bowline key rotate ${issued.id}.`, cause });
    }
  }
  const shown = file === undefined ? { ...issued, secret } : issued;
  if (line.flag("json")) process.stdout.write(`${JSON.stringify({ v: 1, ...shown })}\n`);
  else process.stdout.write(file === undefined ? `${issued.id}:${secret}\n` : `${issued.id}\n`);
  return ExitCode.Well;
}

function inputOf(line: CommandLine): object {
  const tenant = line.text("tenant");
  const name = line.text("name");
  const seconds = line.number("expires", 1, SECONDS_MAX);
  return {
    access: line.flag("read-only") ? "read" : "full",
    ...(tenant === undefined ? {} : { tenant }),
    ...(name === undefined ? {} : { name }),
    ...(seconds === undefined ? {} : { expiresAt: Date.now() + seconds * 1_000 }),
  };
}
