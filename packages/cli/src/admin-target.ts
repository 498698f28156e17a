import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type DataFolder, dataFolder } from "@bowline/broker/internal/light";
import { MqttError } from "@bowline/protocol";
import { AdminClient } from "./admin-client.ts";
import type { CommandLine } from "./command-line.ts";
import type { OptionSpec } from "./option-spec.ts";
import { readSecretFromFile } from "./read-secret.ts";

/** Of every command that asks the admin API. */
export const ADMIN_OPTIONS: Readonly<Record<"data" | "url" | "key-file" | "ca", OptionSpec>> = {
  data: { type: "string", value: "DIR", help: "Data folder; default ./.bowline." },
  url: {
    type: "string",
    value: "URL",
    help: "Admin API of a broker elsewhere, such as https://localhost:18084; needs --key-file.",
  },
  "key-file": { type: "string", value: "FILE", help: "File with AppID:AppSecret, or with the operator key." },
  ca: { type: "string", value: "FILE", help: "With --url: trust this authority (PEM)." },
};

/** Whom a command asks. */
export interface AdminTarget {
  readonly client: AdminClient;
  /** The data folder that is meant; undefined for a broker elsewhere. */
  readonly folder: DataFolder | undefined;
}

/**
 * The broker of the data folder, or the one at `--url`.
 *
 * @throws MqttError USAGE, OPTION_INVALID
 */
export async function adminTarget(line: CommandLine): Promise<AdminTarget> {
  const url = line.text("url");
  if (url !== undefined) return { client: new AdminClient(await remoteOf(line, url)), folder: undefined };
  const folder = dataFolder(resolve(line.text("data") ?? ".bowline"));
  return { client: new AdminClient(folder.adminSocket), folder };
}

async function remoteOf(line: CommandLine, url: string): Promise<ConstructorParameters<typeof AdminClient>[0]> {
  const origin = /^https?:\/\/[^/?#@]+(?=\/?$)/i.exec(url)?.[0];
  if (origin === undefined) throw new MqttError("USAGE", { detail: `--url must be https://HOST:PORT, not "${url}"` });
  const keyFile = line.text("key-file");
  if (keyFile === undefined)
    throw new MqttError("USAGE", { detail: "--url needs --key-file: a key on the command line is everybody's" });
  const key = await readSecretFromFile(keyFile);
  const authorization = key.includes(":") ? `Basic ${Buffer.from(key).toString("base64")}` : `Bearer ${key}`;
  const ca = line.text("ca");
  if (ca === undefined) return { origin, authorization };
  const pem = await readFile(ca, "utf8").catch((cause: unknown) => {
    throw new MqttError("OPTION_INVALID", { detail: `--ca ${ca} cannot be read`, cause });
  });
  return { origin, authorization, ca: pem };
}
