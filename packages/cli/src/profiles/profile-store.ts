import { chmod, readdir, readFile, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { MqttError } from "@bowline/protocol";
import type { OptionValue } from "../command-line.ts";
import { type CredentialsFile, writePrivateFile } from "../credentials-file.ts";

/** A broker, a login and options under one name, so that none of them has to be typed again. */
export interface Profile {
  readonly login: CredentialsFile;
  /** Further connection options by their long names. */
  readonly options: Readonly<Record<string, OptionValue>>;
}

const ENDING = ".json";

/** Where profiles are: one file for each, which only its owner can read. */
export function profileFolder(): string {
  return join(process.env["XDG_CONFIG_HOME"] || join(homedir(), ".config"), "bowline", "profiles");
}

export async function profileNames(): Promise<string[]> {
  const files = await readdir(profileFolder()).catch(() => []);
  return files.flatMap((file) => (file.endsWith(ENDING) ? [file.slice(0, -ENDING.length)] : [])).sort();
}

/** @throws MqttError OPTION_INVALID */
export async function readProfile(name: string): Promise<Profile> {
  const path = fileOf(name);
  let text: string;
  try {
    await mustBePrivate(name, path);
    text = await readFile(path, "utf8");
  } catch (cause) {
    if (MqttError.is(cause)) throw cause;
    throw await missing(name, cause);
  }
  try {
    const { options = {}, ...login } = JSON.parse(text) as CredentialsFile & { options?: Profile["options"] };
    return { login, options };
  } catch {
    // The parser's own message would quote the file, password included.
    throw new MqttError("OPTION_INVALID", {
      detail: `${path} is not a JSON object`,
      remedy: "Remove the profile, and add it again.",
    });
  }
}

/** @throws MqttError USAGE, OPTION_INVALID where the folder cannot be written */
export async function writeProfile(name: string, { login, options }: Profile): Promise<void> {
  const path = fileOf(name);
  await writePrivateFile(path, `${JSON.stringify({ ...login, options }, null, 2)}\n`);
  await chmod(profileFolder(), 0o700);
}

/** @throws MqttError OPTION_INVALID */
export async function removeProfile(name: string): Promise<void> {
  try {
    await rm(fileOf(name));
  } catch (cause) {
    throw await missing(name, cause);
  }
}

function fileOf(name: string): string {
  // It becomes a file's name.
  if (/^\w[\w.-]{0,63}$/.test(name)) return join(profileFolder(), `${name}${ENDING}`);
  const detail = `"${name}" is no name of a profile: up to 64 letters, digits, dots, hyphens and underscores`;
  throw new MqttError("USAGE", { detail });
}

/** As ssh does with keys: others may have read, or changed, what is open to them. */
async function mustBePrivate(name: string, path: string): Promise<void> {
  const { mode } = await stat(path);
  if (process.platform === "win32" || (mode & 0o077) === 0) return;
  throw new MqttError("OPTION_INVALID", {
    detail: `profile ${name} is open to other users (mode ${(mode & 0o777).toString(8)})`,
    remedy: `Close it: chmod 600 ${path}.`,
  });
}

async function missing(name: string, cause: unknown): Promise<MqttError> {
  const names = await profileNames();
  const remedy = names.length === 0 ? "Make one: bowline profile add NAME URL." : `There are ${names.join(", ")}.`;
  return new MqttError("OPTION_INVALID", { detail: `there is no profile "${name}"`, remedy, cause });
}
