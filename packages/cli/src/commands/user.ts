import { MqttError } from "@bowline/protocol";
import { ADMIN_OPTIONS, adminTarget } from "../admin-target.ts";
import { actOnBans, isAboutBans } from "../bans.ts";
import type { CommandLine } from "../command-line.ts";
import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { noteNoRights } from "../note-no-rights.ts";
import { askForSecret, readSecretFromFile, readSecretFromStdin } from "../read-secret.ts";
import { TENANT_OPTION, tenantIn } from "../tenant-option.ts";
import { exportUsers, importUsers } from "../user-import.ts";
import { type Users, withUsers } from "../users.ts";

export const user: Command = {
  usage: [
    "bowline user list",
    "bowline user add|password|disable|enable|remove NAME",
    "bowline user import FILE --from emqx|mosquitto",
    "bowline user export",
    "bowline user kick|ban|unban NAME",
    "bowline user bans",
  ],
  description: [
    "Manages the MQTT users of a data folder: through the broker that runs there, or in its store when none does. Clients of a",
    "user that is removed or disabled, or has a new password, are disconnected. A disabled user keeps its sessions and what waits in",
    "them; those of a removed one are removed with it, and a later user of that name begins anew. A new user may do nothing until a",
    "rule lets it: bowline acl add.",
  ].join("\n"),
  details: [
    "import takes mosquitto's password file, or with --from emqx a CSV: username,password, or user_id,password_hash,salt,is_superuser with",
    "--hash: sha256, sha512, sha or md5 (with --salt prefix, suffix or disable), pbkdf2-sha256 and the like (with --iterations) or bcrypt.",
    "Each hash is replaced by ours at its user's first login. export prints the second of these forms, with our own hashes, for another",
    "broker of this kind.",
    "",
    "kick ends connections of a running broker, and ban keeps them out until the time is over or unban lifts it: those of a user, or with",
    "--client those of a Client Identifier, with --address those of an address or a range.",
  ].join("\n"),
  options: {
    ...ADMIN_OPTIONS,
    ...TENANT_OPTION,
    generate: { type: "boolean", help: "Make a strong password and print it." },
    "password-file": { type: "string", value: "FILE", help: "Read the password from the first line of a file." },
    "password-stdin": { type: "boolean", help: "Read the password from standard input." },
    from: { type: "string", value: "BROKER", help: "Whose file to import: emqx or mosquitto.", group: "Import" },
    hash: { type: "string", value: "NAME", help: "How EMQX hashes; default sha256.", group: "Import" },
    salt: {
      type: "string",
      value: "WHERE",
      help: "Where EMQX puts the salt: prefix (default), suffix or disable.",
      group: "Import",
    },
    iterations: { type: "string", value: "N", help: "Of pbkdf2; default 4096.", group: "Import" },
    client: { type: "boolean", help: "NAME is a Client Identifier." },
    address: { type: "boolean", help: "NAME is an address, or a range such as 10.0.0.0/8." },
    for: { type: "string", value: "SECONDS", help: "When the ban ends; default: when it is lifted." },
    reason: { type: "string", value: "TEXT", help: "Why, for operators." },
    json: { type: "boolean", help: "Print JSON." },
  },
  examples: [
    "bowline user list",
    "bowline user add sensor-1 --generate",
    "bowline user list --tenant acme",
    'printf %s "$PASSWORD" | bowline user password sensor-1 --password-stdin',
    "bowline user import /etc/mosquitto/passwd --from mosquitto",
    "bowline user ban 203.0.113.0/24 --address --for 3600 --reason scanner",
  ],
  run: (line) => (isAboutBans(line) ? actOnBans(line) : manage(line)),
};

async function manage(line: CommandLine): Promise<number> {
  const target = await adminTarget(line);
  const code = await withUsers(target, tenantIn(line), (users) => act(line, users));
  const [action, name = ""] = line.words;
  if (action === "add") await noteNoRights(line, target, name);
  return code;
}

async function act(line: CommandLine, users: Users): Promise<number> {
  const [action, name = ""] = line.words;
  if (action === "list") return list(line, users);
  if (action === "add") return setPassword(line, name, (username, password) => users.add(username, password));
  if (action === "password") return setPassword(line, name, (username, password) => users.setPassword(username, password));
  if (action === "disable" || action === "enable") {
    await users.setDisabled(name, action === "disable");
    return ExitCode.Well;
  }
  if (action === "export") return exportUsers(users);
  if (action === "import") return importUsers(line, users, name);
  // "remove": check-words.ts lets no other word through.
  await users.remove(name);
  return ExitCode.Well;
}

async function list(line: CommandLine, users: Users): Promise<number> {
  for (const { username, createdAt, disabled } of await users.list()) {
    const since = new Date(createdAt).toISOString();
    process.stdout.write(
      line.flag("json")
        ? `${JSON.stringify({ v: 1, username, createdAt: since, disabled })}\n`
        : `${username}${disabled ? "  disabled" : ""}\n`,
    );
  }
  return ExitCode.Well;
}

async function setPassword(
  line: CommandLine,
  username: string,
  set: (username: string, password: string) => Promise<void>,
): Promise<number> {
  if (!line.flag("generate")) {
    await set(username, await chosenPassword(line, username));
    return ExitCode.Well;
  }
  const { generatePassword } = await import("@bowline/broker/internal/light");
  const password = generatePassword();
  await set(username, password);
  // The one time it is shown, and only because it was asked for.
  process.stdout.write(line.flag("json") ? `${JSON.stringify({ v: 1, username, password })}\n` : `${password}\n`);
  return ExitCode.Well;
}

async function chosenPassword(line: CommandLine, username: string): Promise<string> {
  const file = line.text("password-file");
  if (file !== undefined) return readSecretFromFile(file);
  if (line.flag("password-stdin")) return readSecretFromStdin();
  const first = await askForSecret(`New password of ${username}: `);
  if (first !== (await askForSecret("Once more: "))) throw new MqttError("OPTION_INVALID", { detail: "the two passwords differ" });
  return first;
}
