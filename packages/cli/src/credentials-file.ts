import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import { MqttError } from "@bowline/protocol";
import type { PskLogin } from "./connection/psk.ts";

/**
 * Where a broker is and how to log in, in a file that only its owner can read. `bowline up` writes one for the user it made;
 * `--credentials FILE` of other commands reads it. So no password has to stand on a command line, where every user of the
 * machine can see it.
 */
export interface CredentialsFile extends PskLogin {
  url?: string;
  username?: string;
  password?: string;
  /** Absolute here; in the file relative to it. */
  ca?: string;
}

/** @throws MqttError OPTION_INVALID */
export async function readCredentialsFile(path: string): Promise<CredentialsFile> {
  const value = parse(path, await read(path));
  const file: CredentialsFile = {};
  for (const name of ["url", "username", "password", "ca", "pskIdentity", "psk"] as const) {
    const field = value[name];
    if (field === undefined) continue;
    if (typeof field !== "string") throw fault(path, `"${name}" must be a text`);
    file[name] = name === "ca" ? resolve(dirname(path), field) : field;
  }
  return file;
}

export async function writeCredentialsFile(path: string, file: CredentialsFile): Promise<void> {
  const ca = file.ca === undefined ? {} : { ca: relative(dirname(resolve(path)), file.ca) };
  await writePrivateFile(path, `${JSON.stringify({ ...file, ...ca }, null, 2)}\n`);
}

/**
 * Writes the file with mode 600, whole or not at all, whatever mode an older one had. Its folder is made where it is missing.
 *
 * @throws MqttError OPTION_INVALID
 */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    // Made anew, since a file that is there keeps its mode.
    await rm(temporary, { force: true });
    await writeFile(temporary, text, { mode: 0o600, flag: "wx" });
    await rename(temporary, path);
  } catch (cause) {
    const detail = `${path} cannot be written (${(cause as NodeJS.ErrnoException).code})`;
    throw new MqttError("OPTION_INVALID", { detail, remedy: "Name a place where this user may write.", cause });
  }
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw fault(path, (cause as NodeJS.ErrnoException).code ?? "it cannot be read", cause);
  }
}

function parse(path: string, text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Said below. The parser's own message would quote the file, password included.
  }
  throw fault(path, "it is not a JSON object");
}

function fault(path: string, reason: string, cause?: unknown): MqttError {
  const remedy = "Give the first-user.json of a data folder, or a JSON file with url, username, password and ca.";
  return new MqttError("OPTION_INVALID", { detail: `credentials file ${path}: ${reason}`, remedy, cause });
}
