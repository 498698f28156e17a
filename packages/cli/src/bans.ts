import { MqttError } from "@bowline/protocol";
import type { AdminClient } from "./admin-client.ts";
import { adminTarget } from "./admin-target.ts";
import type { CommandLine } from "./command-line.ts";
import { ExitCode } from "./exit-code.ts";
import { tenantIn, tenantPath } from "./tenant-option.ts";

const ACTIONS: readonly string[] = ["kick", "ban", "unban", "bans"];
/** Ten years; longer is for good. */
const SECONDS_MAX = 315_360_000;

interface ShownBan {
  kind: string;
  value: string;
  until?: number;
  reason?: string;
}

/** Whether `bowline user ...` is about who may come in and not about users of the store. */
export function isAboutBans(line: CommandLine): boolean {
  return ACTIONS.includes(line.words[0] ?? "");
}

/**
 * Kicks, bans, lifts bans and lists them, at the broker that runs in the data folder.
 *
 * @throws MqttError USAGE, ADMIN_UNREACHABLE, or what the broker answers
 */
export async function actOnBans(line: CommandLine): Promise<number> {
  const { client: admin } = await adminTarget(line);
  const path = tenantPath(tenantIn(line));
  const [action, value = ""] = line.words;
  if (action === "bans") return list(line, admin, path);
  const whom = { kind: kindOf(line), value };
  if (action === "unban") {
    await admin.request("DELETE", `${path}/bans/${whom.kind}/${encodeURIComponent(value)}`);
    return ExitCode.Well;
  }
  const { connections } = await admin.request<{ connections: number }>(
    "POST",
    `${path}/${action === "kick" ? "kick" : "bans"}`,
    action === "kick" ? whom : banOf(line, whom),
  );
  process.stdout.write(line.flag("json") ? `${JSON.stringify({ v: 1, connections })}\n` : `${connections} connections ended\n`);
  return ExitCode.Well;
}

async function list(line: CommandLine, admin: AdminClient, path: string): Promise<number> {
  const { bans } = await admin.request<{ bans: ShownBan[] }>("GET", `${path}/bans`);
  for (const ban of bans) process.stdout.write(line.flag("json") ? `${JSON.stringify({ v: 1, ...ban })}\n` : `${inWords(ban)}\n`);
  return ExitCode.Well;
}

function inWords({ kind, value, until, reason }: ShownBan): string {
  const end = until === undefined ? "" : `  until ${new Date(until).toISOString()}`;
  return `${kind} ${value}${end}${reason === undefined ? "" : `  ${reason}`}`;
}

function kindOf(line: CommandLine): string {
  if (line.flag("client") && line.flag("address"))
    throw new MqttError("USAGE", { detail: "--client and --address exclude each other" });
  if (line.flag("client")) return "client";
  return line.flag("address") ? "address" : "user";
}

function banOf(line: CommandLine, whom: { kind: string; value: string }): ShownBan {
  const seconds = line.number("for", 1, SECONDS_MAX);
  const reason = line.text("reason");
  return {
    ...whom,
    ...(seconds === undefined ? {} : { until: Date.now() + seconds * 1_000 }),
    ...(reason === undefined ? {} : { reason }),
  };
}
