import type { TlsOptions } from "@bowline/client";
import { MqttError } from "@bowline/protocol";
import type { CommandLine } from "../command-line.ts";
import { readSecretFromEnvironment, readSecretFromFile } from "../read-secret.ts";

/** A shared key as files have it. */
export interface PskLogin {
  pskIdentity?: string;
  /** In hexadecimal, as other programs write it. */
  psk?: string;
}

/**
 * The key that --psk-identity and its companions, or a credentials file, name.
 *
 * @throws MqttError USAGE, OPTION_INVALID
 */
export async function pskOf(line: CommandLine, login: PskLogin): Promise<TlsOptions["psk"]> {
  const identity = line.text("psk-identity") ?? login.pskIdentity;
  // The file's key belongs to the file's identity.
  const text = (await pskText(line)) ?? (identity === login.pskIdentity ? login.psk : undefined);
  if (identity === undefined && text === undefined) return undefined;
  if (identity === undefined) throw new MqttError("USAGE", { detail: "--psk-identity is missing: the name that the key goes by" });
  if (text === undefined)
    throw new MqttError("USAGE", { detail: "the key of --psk-identity is missing; give --psk-file or --psk-env" });
  if (!/^([0-9a-f]{2}){1,256}$/i.test(text))
    throw new MqttError("USAGE", { detail: "the key of --psk-identity must be 1 to 256 bytes in hexadecimal" });
  return { identity, key: Buffer.from(text, "hex") };
}

/**
 * The key as it was given.
 *
 * @throws MqttError USAGE, OPTION_INVALID
 */
export async function pskText(line: CommandLine): Promise<string | undefined> {
  if (line.text("psk") !== undefined) {
    throw new MqttError("USAGE", {
      detail: "a key on the command line is readable for every user of this machine",
      remedy: "Use --psk-file, --psk-env, --credentials or --profile.",
    });
  }
  const file = line.text("psk-file");
  if (file !== undefined) return readSecretFromFile(file, "key file");
  const variable = line.text("psk-env");
  return variable === undefined ? undefined : readSecretFromEnvironment(variable);
}
