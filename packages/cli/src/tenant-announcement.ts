import { lookup } from "node:dns/promises";
import type { TenantSettings } from "@bowline/broker/internal";
import type { AdminClient } from "./admin-client.ts";
import type { CommandLine } from "./command-line.ts";
import { writeCredentialsFile } from "./credentials-file.ts";
import { tenantPath } from "./tenant-option.ts";
import type { Tenants } from "./tenants.ts";
import { quote } from "./trust/run-tool.ts";
import { shown } from "./up/announcement.ts";

/** Those that a tenant is reached by: without TLS no name is asked for. */
const PREFERENCE = ["mqtts:", "wss:"];

/** Makes the first user of a new tenant, and says what there is, what is to be done, and two commands to copy. */
export async function announceTenant(line: CommandLine, { admin, folder }: Tenants, tenant: TenantSettings): Promise<void> {
  const { name, hosts } = tenant;
  const host = hosts[0] ?? name;
  const { listeners } = await admin!.request<{ listeners: string[] }>("GET", "/api/v1/status");
  const urls = listeners.filter((url) => PREFERENCE.some((scheme) => url.startsWith(scheme))).map((url) => withHost(url, host));
  const url = PREFERENCE.flatMap((scheme) => urls.filter((each) => each.startsWith(scheme)))[0];
  const file = folder?.firstUserOf(name);
  const hasUser = !line.flag("no-user");
  const user = hasUser ? await firstUser(admin!, line.text("user") ?? "dev", { name, file, url, ca: folder?.ca }) : undefined;
  const isKnown = await lookup(host).then(
    () => true,
    () => false,
  );
  if (line.flag("json")) {
    process.stdout.write(`${JSON.stringify({ v: 1, name, hosts, urls, resolves: isKnown, ...user })}\n`);
    return;
  }
  const command = process.env["npm_config_user_agent"] === undefined ? "bowline" : "npx bowline";
  const target =
    url === undefined
      ? []
      : [quote(url), ...loginWords(hasUser ? file : undefined), ...(isKnown ? [] : ["--connect-to", `localhost:${portOf(url)}`])];
  process.stdout.write(
    [
      `The tenant ${name} is ready.`,
      "",
      ...urls.map((each) => `  ${each}`),
      ...(urls.length === 0 ? [`  no listener with TLS; a listener with ?tenant=${name} is for it alone`] : []),
      ...(user === undefined
        ? []
        : [
            `  user ${user.username}, password ${user.password}  (shown this once${file === undefined ? "" : `; kept in ${shown(file)}`})`,
          ]),
      "",
      ...(isKnown ? [] : hostsLines(host)),
      ...(target.length === 0
        ? []
        : [
            "Copy these into two terminals:",
            "",
            `  ${command} sub ${target.join(" ")} -t 'demo/#' -v`,
            `  ${command} pub ${target.join(" ")} -t demo/hello -m 'Hello from ${name}'`,
          ]),
      "",
    ].join("\n"),
  );
}

function hostsLines(host: string): string[] {
  return [`${host} does not resolve on this machine. This line in /etc/hosts makes it:`, "", `  127.0.0.1 ${host}`, ""];
}

interface NewTenant {
  readonly name: string;
  /** Where its credentials are kept; nowhere for a broker elsewhere. */
  readonly file: string | undefined;
  readonly url: string | undefined;
  /** The local authority's certificate. */
  readonly ca: string | undefined;
}

async function firstUser(
  admin: AdminClient,
  username: string,
  { name, file, url, ca }: NewTenant,
): Promise<{ username: string; password: string }> {
  const { generatePassword } = await import("@bowline/broker/internal/light");
  const password = generatePassword();
  if (file !== undefined) {
    // The file first: a crash in between must not leave a user whose password nobody knows.
    const place = { ...(ca === undefined ? {} : { ca }), ...(url === undefined ? {} : { url }) };
    await writeCredentialsFile(file, { username, password, ...place });
  }
  await admin.request("POST", `${tenantPath(name)}/users`, { username, password });
  const rule = { id: "first-user", permission: "allow", action: "both", topics: ["#"], user: username };
  await admin.request("POST", `${tenantPath(name)}/rules`, rule);
  return { username, password };
}

function loginWords(file: string | undefined): string[] {
  return file === undefined ? ["-u", "NAME"] : ["--credentials", shown(file)];
}

function withHost(url: string, host: string): string {
  return url.replace(/\/\/(\[[^\]]*\]|[^:/]*)/, `//${host}`);
}

function portOf(url: string): string {
  return /:(\d+)(?=\/|$|\?)/.exec(url.replace(/^\w+:/, ""))?.[1] ?? "8883";
}
