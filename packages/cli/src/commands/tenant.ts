import { resolve } from "node:path";
import type { ShownTenant, TenantInput, TenantTlsFiles } from "@bowline/broker/internal";
import { MqttError } from "@bowline/protocol";
import { ADMIN_OPTIONS, adminTarget } from "../admin-target.ts";
import type { CommandLine } from "../command-line.ts";
import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { printPlan } from "../print-plan.ts";
import { announceTenant } from "../tenant-announcement.ts";
import { type Tenants, type TenantUsage, withTenants } from "../tenants.ts";

export const tenant: Command = {
  usage: [
    "bowline tenant create NAME [--host H]...",
    "bowline tenant list",
    "bowline tenant show|pause|resume|delete NAME",
    "bowline tenant plan NAME [PLAN]",
    "bowline tenant plans",
    "bowline tenant usage NAME",
  ],
  description: [
    "Manages the tenants of a broker. Each is reached by its own host names alone (NAME.localhost, or NAME below tenants.baseDomain of the",
    "configuration, and those of --host), and has users, rules, sessions, topics and limits of its own. create makes a user too, who may do",
    "everything there, and prints two commands to copy. A paused tenant keeps its data and lets nobody in; delete removes all it has. What",
    "plans there are, and how they are made, is bowline plan.",
    "",
    "The certificate is the configuration's where that has the names, else one of the local authority, else the one that you give.",
  ].join("\n"),
  options: {
    ...ADMIN_OPTIONS,
    host: { type: "string", multiple: true, value: "NAME", help: "A further host name; may begin with *. for any one label." },
    certificate: { type: "string", value: "FILE", help: "The tenant's certificate with its chain (PEM)." },
    key: { type: "string", value: "FILE", help: "The key of that certificate (PEM)." },
    chain: { type: "string", value: "FILE", help: "Certificates between it and its root, where they are in a file of their own." },
    "client-ca": { type: "string", value: "FILE", help: "Authorities of the tenant's client certificates (PEM)." },
    "client-certificate": { type: "string", value: "optional|required", help: "With --client-ca: whether all clients need one." },
    crl: { type: "string", value: "FILE", help: "Revocation lists of those authorities (PEM)." },
    plan: { type: "string", value: "NAME", help: "What it may have; default: what tenants.plan says. serverless is there always." },
    user: { type: "string", value: "NAME", help: "Name of the first user; default dev." },
    "no-user": { type: "boolean", help: "Make no user." },
    json: { type: "boolean", help: "Print JSON." },
  },
  examples: ["bowline tenant create acme", "bowline tenant list", "bowline tenant pause acme", "bowline tenant delete acme"],
  run: (line) => adminTarget(line).then((target) => withTenants(target, (tenants) => act(line, tenants))),
};

async function act(line: CommandLine, tenants: Tenants): Promise<number> {
  const [action, name = ""] = line.words;
  if (action === "list") {
    for (const each of await tenants.list()) print(line, each);
    return ExitCode.Well;
  }
  if (action === "plans") {
    for (const plan of await tenants.plans()) printPlan(line, plan);
    return ExitCode.Well;
  }
  switch (action) {
    case "create":
      await announceTenant(line, tenants, await tenants.create(inputOf(line, name)));
      return ExitCode.Well;
    case "show":
      print(line, await tenants.show(name));
      return ExitCode.Well;
    case "pause":
    case "resume":
      print(line, await tenants.setPaused(name, action === "pause"));
      return ExitCode.Well;
    case "delete":
      await tenants.remove(name);
      return ExitCode.Well;
    case "plan":
      print(line, await tenants.setPlan(name, line.words[2]));
      return ExitCode.Well;
    // "usage": check-words.ts lets no other word through.
    default:
      printUsage(line, await tenants.usage(name));
      return ExitCode.Well;
  }
}

function print(line: CommandLine, { name, state, hosts, createdAt, ...rest }: ShownTenant): void {
  const since = createdAt === undefined ? {} : { createdAt: new Date(createdAt).toISOString() };
  const text = line.flag("json")
    ? JSON.stringify({ v: 1, name, state, hosts, ...since, ...rest })
    : `${name.padEnd(20)} ${state.padEnd(8)} ${hosts.join(" ")}${rest.plan === undefined ? "" : `  plan ${rest.plan}`}`;
  process.stdout.write(`${text.trimEnd()}\n`);
}

function printUsage(line: CommandLine, { months, hours }: TenantUsage): void {
  if (months.length === 0 && !line.flag("json")) process.stdout.write("nothing used yet\n");
  for (const each of [...months, ...hours]) {
    const { period, sessionMinutes, messagesReceived, messagesSent, bytesReceived, bytesSent } = each;
    const text = `${period.padEnd(13)}  ${sessionMinutes.toFixed(1)} session minutes  ${messagesReceived} in  ${messagesSent} out  ${bytesReceived + bytesSent} bytes`;
    process.stdout.write(line.flag("json") ? `${JSON.stringify({ v: 1, ...each })}\n` : `${text}\n`);
  }
}

function inputOf(line: CommandLine, name: string): TenantInput {
  const clientCertificate = line.text("client-certificate");
  if (clientCertificate !== undefined && clientCertificate !== "optional" && clientCertificate !== "required")
    throw new MqttError("USAGE", { detail: "--client-certificate is optional or required" });
  const file = (option: string): string | undefined => {
    const path = line.text(option);
    return path === undefined ? undefined : resolve(path);
  };
  const tls: TenantTlsFiles = {
    certificate: file("certificate"),
    key: file("key"),
    chain: file("chain"),
    clientCa: file("client-ca"),
    clientCertificate,
    crl: file("crl"),
  };
  const hosts = line.list("host");
  const hasTls = Object.values(tls).some((value) => value !== undefined);
  const plan = line.text("plan");
  return { name, ...(plan === undefined ? {} : { plan }), ...(hosts.length === 0 ? {} : { hosts }), ...(hasTls ? { tls } : {}) };
}
