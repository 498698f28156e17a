import { readFile } from "node:fs/promises";
import type { TlsOptions } from "@bowline/client";
import { MqttError } from "@bowline/protocol";
import type { CommandLine } from "../command-line.ts";
import type { OptionSpec } from "../option-spec.ts";
import { readSecretFromFile } from "../read-secret.ts";
import { withoutUndefined } from "./session-options.ts";

const group = "TLS";

/** What only few need of TLS; `--ca`, `--cert`, `--key`, `--sni` and `--insecure` are known to every command that connects. */
export const TLS_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  pfx: { type: "string", value: "FILE", help: "Client certificate and key as PKCS#12, in place of --cert and --key.", group },
  "key-passphrase-file": { type: "string", value: "FILE", help: "Read the passphrase of --key or --pfx from a file.", group },
  alpn: { type: "string", value: "NAME", multiple: true, help: "Offer this application protocol.", group },
};

/**
 * @param authority file of the authority where --ca names none
 * @throws MqttError USAGE, OPTION_INVALID
 */
export async function tlsSettings(line: CommandLine, authority: string | undefined): Promise<TlsOptions> {
  const passphrase = line.text("key-passphrase-file");
  const alpn = line.list("alpn");
  return withoutUndefined({
    ca: await pem(line, "ca", authority),
    cert: await pem(line, "cert"),
    key: await pem(line, "key"),
    pfx: line.text("pfx") === undefined ? undefined : await read("pfx", line.text("pfx") as string),
    passphrase: passphrase === undefined ? undefined : await readSecretFromFile(passphrase),
    alpnProtocols: alpn.length === 0 ? undefined : alpn,
    rejectUnauthorized: line.flag("insecure") ? false : undefined,
  }) as TlsOptions;
}

async function pem(line: CommandLine, option: string, otherwise?: string): Promise<string | undefined> {
  const path = line.text(option) ?? otherwise;
  return path === undefined ? undefined : readPem(option, path);
}

/** @throws MqttError OPTION_INVALID */
export async function readPem(option: string, path: string): Promise<string> {
  return (await read(option, path)).toString("utf8");
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
