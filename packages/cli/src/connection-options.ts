import { readFile } from "node:fs/promises";
import type { ConnectOptions, TlsOptions } from "@bowline/client";
import { MqttError } from "@bowline/protocol";
import type { CommandLine } from "./command-line.ts";
import type { OptionSpec } from "./option-spec.ts";
import { type CredentialsFile, readCredentialsFile } from "./credentials-file.ts";
import { placeOf } from "./connection-place.ts";
import { askForSecret, readSecretFromFile, readSecretFromStdin } from "./read-secret.ts";

/** Options of every command that connects to a broker. */
export const CONNECTION_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  url: { type: "string", value: "URL", help: "Broker, in place of the first word." },
  credentials: {
    type: "string",
    value: "FILE",
    help: "File with url, username, password and ca, such as .bowline/first-user.json.",
  },
  username: { type: "string", short: "u", value: "NAME", help: "User name; the password is asked for on the terminal." },
  "password-file": { type: "string", value: "FILE", help: "Read the password from the first line of a file." },
  "password-stdin": { type: "boolean", help: "Read the password from standard input." },
  // A word of its own, so that the habit of other commands is answered with a way that is safe.
  password: { type: "string", short: "P" },
  ca: { type: "string", value: "FILE", help: "Trust this authority (PEM)." },
  cert: { type: "string", value: "FILE", help: "Client certificate (PEM)." },
  key: { type: "string", value: "FILE", help: "Key of the client certificate (PEM)." },
  sni: { type: "string", value: "NAME", help: "Ask for this server name, which chooses the tenant; default: the URL's host." },
  "connect-to": {
    type: "string",
    value: "HOST:PORT",
    help: "Connect there, and ask for the URL's host all the same: for names that do not resolve here.",
  },
  insecure: { type: "boolean", help: "Accept any certificate of the server. For tests only." },
  "client-id": { type: "string", short: "i", value: "ID", help: "Client Identifier; default: a random one." },
  mqtt: { type: "string", value: "VERSION", help: "3.1, 3.1.1 or 5; default 5, then 3.1.1." },
  "keep-alive": { type: "string", short: "k", value: "SECONDS", help: "Keep alive; default 50." },
  timeout: { type: "string", value: "SECONDS", help: "Time to connect; default 30." },
};

export interface ConnectionTarget {
  url: string;
  options: ConnectOptions;
}

const VERSIONS: Readonly<Record<string, 3 | 4 | 5>> = { "3.1": 3, "3": 3, "3.1.1": 4, "4": 4, "5": 5, "5.0": 5 };

/** @throws MqttError USAGE, OPTION_INVALID */
export async function connectionTarget(line: CommandLine): Promise<ConnectionTarget> {
  const path = line.text("credentials");
  const file = path === undefined ? {} : await readCredentialsFile(path);
  const { url, username, password } = await whoAndWhere(line, file);
  const place = placeOf(line, url);
  const spoken = line.text("mqtt");
  const version = spoken === undefined ? undefined : protocolVersion(spoken);
  const keepAlive = line.number("keep-alive", 0, 65_535);
  const timeout = line.number("timeout", 1, 3_600);
  const clientId = line.text("client-id");
  return {
    url: place.url,
    options: {
      credentials: { username, password, ...place.credentials },
      tls: { ...(await tlsOptions(line, file)), ...place.tls },
      ...(place.socket === undefined ? {} : { socket: place.socket }),
      ...(version === undefined ? {} : { protocolVersion: version }),
      ...(keepAlive === undefined ? {} : { keepAlive }),
      ...(timeout === undefined ? {} : { connectTimeoutMs: timeout * 1_000 }),
      ...(clientId === undefined ? {} : { session: { clientId } }),
    },
  };
}

/** Where to connect, and as whom. */
export interface WhoAndWhere {
  url: string;
  username: string | undefined;
  password: string | undefined;
}

/** The URL and who connects, from words, options and the credentials file. */
export async function whoAndWhere(line: CommandLine, file: CredentialsFile): Promise<WhoAndWhere> {
  const given = line.text("url") ?? line.words[0] ?? file.url;
  if (given === undefined)
    throw new MqttError("USAGE", { detail: "the URL of the broker is missing, such as mqtts://localhost:8883" });
  const inUrl = takeUserInfo(given);
  const username = line.text("username") ?? inUrl.username ?? file.username;
  const password = (await passwordOf(line)) ?? inUrl.password;
  // The file's password belongs to the file's user.
  if (password === undefined && username !== undefined && username === file.username)
    return { url: inUrl.url, username, password: file.password };
  if (password === undefined && username !== undefined) {
    return { url: inUrl.url, username, password: await askForSecret(`Password of ${username}: `) };
  }
  return { url: inUrl.url, username, password };
}

async function passwordOf(line: CommandLine): Promise<string | undefined> {
  if (line.text("password") !== undefined) {
    const detail = "a password on the command line is readable for every user of this machine";
    throw new MqttError("USAGE", {
      detail,
      remedy: "Use --password-file FILE, --password-stdin or --credentials FILE, or let it be asked for.",
    });
  }
  const file = line.text("password-file");
  if (file !== undefined) return readSecretFromFile(file);
  return line.flag("password-stdin") ? readSecretFromStdin() : undefined;
}

/** Takes user and password out of a URL. Both stand in the list of processes by then, so we say it and go on. */
function takeUserInfo(text: string): { url: string; username?: string; password?: string } {
  const found = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#@]*)@(.*)$/is.exec(text);
  if (!found) return { url: text };
  const [, scheme = "", userInfo = "", rest = ""] = found;
  const [username = "", password] = userInfo.split(/:(.*)/s, 2).map(decodeURIComponent);
  if (password === undefined) return { url: scheme + rest, username };
  process.stderr.write("warning: a password in the URL is readable for every user of this machine; --credentials FILE is safer\n");
  return { url: scheme + rest, username, password };
}

async function tlsOptions(line: CommandLine, file: CredentialsFile): Promise<TlsOptions> {
  const tls: TlsOptions = {};
  const ca = line.text("ca") ?? file.ca;
  const cert = line.text("cert");
  const key = line.text("key");
  if (ca !== undefined) tls.ca = await readPem("ca", ca);
  if (cert !== undefined) tls.cert = await readPem("cert", cert);
  if (key !== undefined) tls.key = await readPem("key", key);
  if (line.flag("insecure")) tls.rejectUnauthorized = false;
  return tls;
}

/** @throws MqttError OPTION_INVALID */
export async function readPem(option: string, path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "it cannot be read";
    throw new MqttError("OPTION_INVALID", {
      detail: `--${option} ${path}: ${code}`,
      remedy: "Give a PEM file this user may read.",
      cause,
    });
  }
}

/** @throws MqttError USAGE */
export function protocolVersion(text: string): 3 | 4 | 5 {
  const version = VERSIONS[text];
  if (version !== undefined) return version;
  throw new MqttError("USAGE", { detail: `--mqtt must be 3.1, 3.1.1 or 5, not "${text}"` });
}
