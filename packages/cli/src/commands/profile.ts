import { resolve } from "node:path";
import { MqttError } from "@bowline/protocol";
import type { CommandLine, OptionValue } from "../command-line.ts";
import type { Command } from "../command.ts";
import { CONNECTION_OPTIONS, loginFile, passwordOf, takeUserInfo } from "../connection-options.ts";
import { type PskLogin, pskText } from "../connection/psk.ts";
import type { CredentialsFile } from "../credentials-file.ts";
import { ExitCode } from "../exit-code.ts";
import { profileFolder, profileNames, readProfile, removeProfile, writeProfile } from "../profiles/profile-store.ts";
import { askForSecret } from "../read-secret.ts";

const { profile: _, ...options } = CONNECTION_OPTIONS;
/** What becomes the login, or leads to it, and is no option of later commands. */
const LOGIN_OPTIONS: ReadonlySet<string> = new Set([
  "url",
  "credentials",
  "username",
  "password",
  "password-file",
  "password-stdin",
  "ca",
  "psk",
  "psk-file",
  "psk-identity",
  "json",
  "debug",
  "help",
]);

export const profile: Command = {
  usage: [
    "bowline profile add NAME [URL] [--OPTION ...]",
    "bowline profile list",
    "bowline profile show NAME",
    "bowline profile remove NAME",
  ],
  description: [
    "Saves a broker, a login and connection options under a name, for --profile NAME of every command that connects. A profile is",
    "a file in ~/.config/bowline/profiles that only its owner can read. The password comes from a file, standard input or the",
    "terminal and is kept in it; with --password-env it stays in the environment, and the file has the variable's name.",
  ].join("\n"),
  options: { json: { type: "boolean", help: "Print JSON." }, ...options },
  examples: [
    "bowline profile add local --credentials .bowline/first-user.json",
    "bowline profile list",
    "bowline pub --profile local -t demo/hello -m hello",
    "bowline profile remove local",
  ],
  run: act,
};

async function act(line: CommandLine): Promise<number> {
  const [action, name = ""] = line.words;
  if (action === "list") return list(line);
  if (action === "show") return show(line, name);
  if (action === "remove") await removeProfile(name);
  else await add(line, name);
  return ExitCode.Well;
}

async function add(line: CommandLine, name: string): Promise<void> {
  const file = await loginFile(line);
  const given = line.text("url") ?? line.words[2] ?? file.url;
  if (given === undefined)
    throw new MqttError("USAGE", { detail: "the URL of the broker is missing, such as mqtts://localhost:8883" });
  const inUrl = takeUserInfo(given);
  const username = line.text("username") ?? inUrl.username ?? file.username;
  const password = (await passwordFor(line, username, file)) ?? inUrl.password;
  const ca = line.text("ca") === undefined ? file.ca : resolve(line.text("ca") as string);
  const login: CredentialsFile = {
    url: inUrl.url,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(ca === undefined ? {} : { ca }),
    ...(await pskFor(line, file)),
  };
  await writeProfile(name, { login, options: savedOptions(line) });
}

async function passwordFor(line: CommandLine, username: string | undefined, file: CredentialsFile): Promise<string | undefined> {
  // The variable is read when the profile is used.
  if (line.text("password-env") !== undefined) return undefined;
  const given = await passwordOf(line);
  if (given !== undefined || username === undefined) return given;
  if (username === file.username) return file.password;
  return process.stdin.isTTY ? askForSecret(`Password of ${username}: `) : undefined;
}

async function pskFor(line: CommandLine, file: PskLogin): Promise<PskLogin> {
  const pskIdentity = line.text("psk-identity") ?? file.pskIdentity;
  // As with the password: a variable is read when the profile is used.
  const psk = line.text("psk-env") === undefined ? ((await pskText(line)) ?? file.psk) : undefined;
  return { ...(pskIdentity === undefined ? {} : { pskIdentity }), ...(psk === undefined ? {} : { psk }) };
}

function savedOptions(line: CommandLine): Record<string, OptionValue> {
  const kept = Object.entries(line.values).filter(([name]) => !LOGIN_OPTIONS.has(name));
  return Object.fromEntries(kept.map(([name, value]) => [name, isFile(name) ? resolve(String(value)) : value]));
}

// A profile is used from any folder.
function isFile(name: string): boolean {
  return CONNECTION_OPTIONS[name]?.value === "FILE";
}

async function list(line: CommandLine): Promise<number> {
  const names = await profileNames();
  const profiles = await Promise.all(names.map(async (name) => ({ name, ...(await readProfile(name)).login })));
  for (const { name, url = "", username = "" } of profiles) {
    const text = line.flag("json") ? JSON.stringify({ v: 1, name, url, username }) : `${name}  ${url}  ${username}`.trimEnd();
    process.stdout.write(`${text}\n`);
  }
  if (names.length === 0 && !line.flag("json")) process.stderr.write(`no profile in ${profileFolder()}\n`);
  return ExitCode.Well;
}

/** All but the password and the shared key, which are only said to be there. */
async function show(line: CommandLine, name: string): Promise<number> {
  const { login, options: kept } = await readProfile(name);
  const secrets = (["password", "psk"] as const).filter((key) => login[key] !== undefined);
  const hidden = { ...login, ...Object.fromEntries(secrets.map((key) => [key, "***"])) };
  if (line.flag("json")) {
    process.stdout.write(`${JSON.stringify({ v: 1, name, ...hidden, options: kept })}\n`);
    return ExitCode.Well;
  }
  for (const [key, value] of Object.entries({ ...hidden, ...kept })) process.stdout.write(`${key}  ${[value].flat().join(", ")}\n`);
  return ExitCode.Well;
}
