import type { ConnectOptions, Credentials } from "@bowline/client";
import { MqttError } from "@bowline/protocol";
import type { CommandLine } from "./command-line.ts";
import { NETWORK_OPTIONS, networkSettings } from "./connection/network-options.ts";
import { SESSION_OPTIONS, sessionSettings } from "./connection/session-options.ts";
import { TLS_OPTIONS, tlsSettings } from "./connection/tls-options.ts";
import { WILL_OPTIONS, willOf } from "./connection/will-options.ts";
import { packetOptions } from "./connection/packet-options.ts";
import { placeOf } from "./connection-place.ts";
import { type CredentialsFile, readCredentialsFile } from "./credentials-file.ts";
import type { OptionSpec } from "./option-spec.ts";
import { askForSecret, readSecretFromEnvironment, readSecretFromFile, readSecretFromStdin } from "./read-secret.ts";

/** Who connects where, and whom it trusts: what the doctor takes too. */
export const PLACE_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  url: { type: "string", value: "URL", help: "Broker, in place of the first word.", group: "Connection" },
  profile: { type: "string", value: "NAME", help: "URL, login and options that bowline profile has saved." },
  credentials: {
    type: "string",
    value: "FILE",
    help: "File with url and login, such as .bowline/first-user.json.",
  },
  username: { type: "string", short: "u", value: "NAME", help: "User name; the password is asked for on the terminal." },
  "password-file": { type: "string", value: "FILE", help: "Read the password from the first line of a file." },
  "password-env": {
    type: "string",
    value: "NAME",
    help: "Read the password from a variable of the environment.",
    group: "Connection",
  },
  "password-stdin": { type: "boolean", help: "Read the password from standard input.", group: "Connection" },
  // A word of its own, so that the habit of other commands is answered with a way that is safe.
  password: { type: "string", short: "P" },
  ca: { type: "string", value: "FILE", help: "Trust this authority (PEM), or those of a folder." },
  cert: { type: "string", value: "FILE", help: "Client certificate (PEM).", group: "TLS" },
  key: { type: "string", value: "FILE", help: "Key of the client certificate (PEM).", group: "TLS" },
  sni: {
    type: "string",
    value: "NAME",
    help: "Ask for this server name, which chooses the tenant; default: the URL's host.",
    group: "TLS",
  },
  "connect-to": {
    type: "string",
    value: "HOST:PORT",
    help: "Connect there, and ask for the URL's host all the same: for names that do not resolve here.",
    group: "Network",
  },
  "client-id": { type: "string", short: "i", value: "ID", help: "Client Identifier; default: a random one." },
  mqtt: { type: "string", short: "V", value: "3.1|3.1.1|5", help: "Version of MQTT; default 5, then 3.1.1." },
  "keep-alive": { type: "string", short: "k", value: "SECONDS", help: "Keep alive; default 50.", group: "Session and limits" },
};

/** Options of every command that connects to a broker and stays. */
export const CONNECTION_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  ...PLACE_OPTIONS,
  insecure: { type: "boolean", help: "Accept any certificate of the server. For tests only." },
  "connect-timeout": { type: "string", value: "SECONDS", help: "Time to connect; default 30.", group: "Network" },
  "auth-method": {
    type: "string",
    value: "SCRAM-SHA-1|SCRAM-SHA-256|SCRAM-SHA-512",
    help: "Prove the password without telling it (MQTT 5).",
    group: "Connection",
  },
  packets: { type: "boolean", help: "Show every packet on standard error.", group: "Connection" },
  ...TLS_OPTIONS,
  ...NETWORK_OPTIONS,
  ...SESSION_OPTIONS,
  ...WILL_OPTIONS,
};

export interface ConnectionTarget {
  url: string;
  options: ConnectOptions;
}

/** Spellings of other commands too. */
const VERSIONS: Readonly<Record<string, 3 | 4 | 5>> = {
  "3.1": 3,
  "3": 3,
  "31": 3,
  mqttv31: 3,
  "3.1.1": 4,
  "4": 4,
  "311": 4,
  mqttv311: 4,
  "5": 5,
  "5.0": 5,
  mqttv5: 5,
};

/**
 * What the connection options ask for, with every file and secret read.
 *
 * @throws MqttError USAGE, OPTION_INVALID
 */
export async function connectionTarget(line: CommandLine): Promise<ConnectionTarget> {
  const file = await loginFile(line);
  const { url, username, password } = await whoAndWhere(line, file);
  mustHaveScheme(url);
  const place = placeOf(line, url);
  const spoken = line.text("mqtt");
  const timeout = line.milliseconds("connect-timeout");
  const { socket, ...network } = networkSettings(line, place.url);
  return {
    url: place.url,
    options: {
      ...sessionSettings(line),
      ...network,
      ...(await willOf(line)),
      ...packetOptions(line),
      credentials: { ...(await proofOf(line, username, password)), ...place.credentials },
      tls: { ...(await tlsSettings(line, file)), ...place.tls },
      ...(socket === undefined && place.socket === undefined ? {} : { socket: { ...socket, ...place.socket } }),
      ...(spoken === undefined ? {} : { protocolVersion: protocolVersion(spoken) }),
      ...(timeout === undefined ? {} : { connectTimeoutMs: timeout }),
    },
  };
}

/** A host and a port alone look like a URL whose scheme is the host. */
function mustHaveScheme(url: string): void {
  if (/^(?:[a-z][a-z0-9+.-]*:\/\/|unix:)/i.test(url)) return;
  const meant = url.replace(/^[a-z]{2,5}:?\/{1,2}/i, "");
  throw new MqttError("URL_INVALID", {
    detail: `${url} has no scheme`,
    remedy: `Write mqtts://${meant}, or mqtt://${meant} without TLS.`,
  });
}

/** What proves who connects: the password, or the beginning of an exchange about it. */
async function proofOf(line: CommandLine, username: string | undefined, password: string | undefined): Promise<Credentials> {
  if (line.text("auth-method") === undefined) return { username, password };
  const { scram, SCRAM_METHODS } = await import("./connection/scram.ts");
  const method = line.choice("auth-method", SCRAM_METHODS);
  if (method !== undefined && username !== undefined && password !== undefined)
    return { authentication: scram(method, username, password) };
  throw new MqttError("USAGE", { detail: "--auth-method needs a user name and a password" });
}

/**
 * The login that --credentials or --profile names; empty without one.
 *
 * @throws MqttError USAGE, OPTION_INVALID
 */
export async function loginFile(line: CommandLine): Promise<CredentialsFile> {
  const path = line.text("credentials");
  const profile = line.text("profile");
  if (path !== undefined && profile !== undefined)
    throw new MqttError("USAGE", { detail: "--credentials and --profile exclude each other" });
  if (path !== undefined) return readCredentialsFile(path);
  if (profile === undefined) return {};
  const { readProfile } = await import("./profiles/profile-store.ts");
  return (await readProfile(profile)).login;
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

/** @throws MqttError USAGE, OPTION_INVALID */
export async function passwordOf(line: CommandLine): Promise<string | undefined> {
  if (line.text("password") !== undefined) {
    const detail = "a password on the command line is readable for every user of this machine";
    throw new MqttError("USAGE", {
      detail,
      remedy: "Use --password-file, --password-env, --password-stdin, --credentials or --profile, or let it be asked for.",
    });
  }
  const file = line.text("password-file");
  if (file !== undefined) return readSecretFromFile(file);
  const variable = line.text("password-env");
  if (variable !== undefined) return readSecretFromEnvironment(variable);
  return line.flag("password-stdin") ? readSecretFromStdin() : undefined;
}

/** Takes user and password out of a URL. Both stand in the list of processes by then, so we say it and go on. */
export function takeUserInfo(text: string): { url: string; username?: string; password?: string } {
  const found = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#@]*)@(.*)$/is.exec(text);
  if (!found) return { url: text };
  const [, scheme = "", userInfo = "", rest = ""] = found;
  const [username = "", password] = userInfo.split(/:(.*)/s, 2).map(decodeURIComponent);
  if (password === undefined) return { url: scheme + rest, username };
  process.stderr.write("warning: a password in the URL is readable for every user of this machine; --credentials FILE is safer\n");
  return { url: scheme + rest, username, password };
}

/** @throws MqttError USAGE */
export function protocolVersion(text: string): 3 | 4 | 5 {
  const version = VERSIONS[text];
  if (version !== undefined) return version;
  throw new MqttError("USAGE", { detail: `--mqtt must be 3.1, 3.1.1 or 5, not "${text}"` });
}
