import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { TlsOptions } from "@bowline/client";
import { MqttError } from "@bowline/protocol";
import type { CommandLine } from "../command-line.ts";
import type { OptionSpec } from "../option-spec.ts";
import { readSecretFromFile } from "../read-secret.ts";
import { pskOf, type PskLogin } from "./psk.ts";
import { withoutUndefined } from "./session-options.ts";

const group = "TLS";

/** What only few need of TLS; `--ca`, `--cert`, `--key`, `--sni` and `--insecure` are known to every command that connects. */
export const TLS_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  pfx: { type: "string", value: "FILE", help: "Client certificate and key as PKCS#12, in place of --cert and --key.", group },
  "key-passphrase-file": { type: "string", value: "FILE", help: "Read the passphrase of --key or --pfx from a file.", group },
  alpn: { type: "string", value: "NAME", multiple: true, help: "Offer this application protocol.", group },
  "any-name": { type: "boolean", help: "Accept a certificate of a trusted authority whatever names are in it.", group },
  "tls-version": { type: "string", value: "1.2|1.3", help: "Least version of TLS; default 1.2.", group },
  "tls-max": { type: "string", value: "1.2|1.3", help: "Highest version of TLS.", group },
  ciphers: {
    type: "string",
    value: "LIST",
    help: "Cipher suites by OpenSSL's names, those of TLS 1.3 too, joined by colons.",
    group,
  },
  sigalgs: { type: "string", value: "LIST", help: "Signature algorithms, joined by colons.", group },
  groups: { type: "string", value: "LIST", help: "Groups for the exchange of keys, joined by colons.", group },
  "psk-identity": {
    type: "string",
    value: "NAME",
    help: "Use a key that both sides know (TLS-PSK), which goes by this name.",
    group,
  },
  "psk-file": { type: "string", value: "FILE", help: "Read that key, in hexadecimal, from the first line of a file.", group },
  "psk-env": { type: "string", value: "NAME", help: "Read that key from a variable of the environment.", group },
  // Answered as --password is.
  psk: { type: "string" },
};

/** What the words of this and other commands are called in Node. */
const VERSIONS: Readonly<Record<string, NonNullable<TlsOptions["minVersion"]>>> = {
  "1.2": "TLSv1.2",
  "1.3": "TLSv1.3",
  "tlsv1.2": "TLSv1.2",
  "tlsv1.3": "TLSv1.3",
};

/**
 * @param login whose authority and shared key stand where the command line names none
 * @throws MqttError USAGE, OPTION_INVALID
 */
export async function tlsSettings(line: CommandLine, login: PskLogin & { ca?: string }): Promise<TlsOptions> {
  const passphrase = line.text("key-passphrase-file");
  const alpn = line.list("alpn");
  return withoutUndefined({
    ca: await pem(line, "ca", login.ca),
    cert: await pem(line, "cert"),
    key: await pem(line, "key"),
    pfx: line.text("pfx") === undefined ? undefined : await read("pfx", line.text("pfx") as string),
    passphrase: passphrase === undefined ? undefined : await readSecretFromFile(passphrase),
    alpnProtocols: alpn.length === 0 ? undefined : alpn,
    rejectUnauthorized: line.flag("insecure") ? false : undefined,
    checkServerName: line.flag("any-name") ? false : undefined,
    ...versionsOf(line),
    ...(await algorithmsOf(line)),
    psk: await pskOf(line, login),
  }) as TlsOptions;
}

function versionsOf(line: CommandLine): Pick<TlsOptions, "minVersion" | "maxVersion"> {
  const minVersion = versionOf(line, "tls-version");
  const maxVersion = versionOf(line, "tls-max");
  if (minVersion === "TLSv1.3" && maxVersion === "TLSv1.2")
    throw new MqttError("USAGE", { detail: "--tls-version is above --tls-max" });
  return { minVersion, maxVersion } as Pick<TlsOptions, "minVersion" | "maxVersion">;
}

function versionOf(line: CommandLine, option: string): TlsOptions["minVersion"] {
  const text = line.text(option);
  if (text === undefined) return undefined;
  const version = Object.hasOwn(VERSIONS, text) ? VERSIONS[text] : undefined;
  if (version !== undefined) return version;
  throw new MqttError("USAGE", { detail: `--${option} must be 1.2 or 1.3, not "${text}": older ones are broken` });
}

/** A list that names nothing would be told as a failed connection, and that of the server. */
async function algorithmsOf(line: CommandLine): Promise<Pick<TlsOptions, "ciphers" | "sigalgs" | "ecdhCurve">> {
  const lists = { ciphers: line.text("ciphers"), sigalgs: line.text("sigalgs"), ecdhCurve: line.text("groups") };
  const given = withoutUndefined(lists) as Pick<TlsOptions, "ciphers" | "sigalgs" | "ecdhCurve">;
  if (Object.keys(given).length === 0) return given;
  const { createSecureContext } = await import("node:tls");
  try {
    createSecureContext(given);
    return given;
  } catch (error) {
    const detail = `--ciphers, --sigalgs or --groups names nothing that OpenSSL knows (${(error as NodeJS.ErrnoException).code})`;
    throw new MqttError("USAGE", { detail });
  }
}

async function pem(line: CommandLine, option: string, otherwise?: string): Promise<string | undefined> {
  const path = line.text(option) ?? otherwise;
  return path === undefined ? undefined : readPem(option, path);
}

/**
 * A file's text; for --ca of a folder that of all certificates in it, as systems keep their authorities.
 *
 * @throws MqttError OPTION_INVALID
 */
export async function readPem(option: string, path: string): Promise<string> {
  const names = option === "ca" ? await readdir(path).catch(() => undefined) : undefined;
  if (names === undefined) return (await read(option, path)).toString("utf8");
  const texts = await Promise.all(names.map((name) => readFile(join(path, name), "utf8").catch(() => "")));
  const found = texts.filter((text) => text.includes("-----BEGIN CERTIFICATE-----"));
  if (found.length > 0) return found.join("\n");
  throw new MqttError("OPTION_INVALID", { detail: `--ca ${path}: no file in it has a certificate (PEM)` });
}

async function read(option: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new MqttError("OPTION_INVALID", {
      detail: `--${option} ${path}: ${(cause as NodeJS.ErrnoException).code ?? "it cannot be read"}`,
      remedy: "Give a file this user may read.",
      cause,
    });
  }
}
