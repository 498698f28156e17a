import { randomBytes } from "node:crypto";
import { open, readFile } from "node:fs/promises";
import { MqttError } from "@bowline/protocol";
import { unwritable } from "../config/data-folder.ts";
import { Secret } from "../log/secret.ts";

/**
 * The operator key of a data folder, made at the first start. It lies in a file with mode 600, beside the authority's key,
 * which is worth more.
 *
 * @throws MqttError DATA_DIR_UNWRITABLE
 */
export async function openOperatorKey(file: string): Promise<Secret> {
  try {
    return new Secret((await readExisting(file)) ?? (await make(file)));
  } catch (cause) {
    if (MqttError.is(cause)) throw cause;
    throw unwritable(file, cause);
  }
}

async function readExisting(file: string): Promise<string | undefined> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  // A crash between creating and writing leaves an empty file; an empty key must never be one.
  return text.trim().length >= 32 ? text.trim() : undefined;
}

async function make(file: string): Promise<string> {
  const key = randomBytes(32).toString("base64url");
  const handle = await open(file, "w", 0o600);
  try {
    await handle.writeFile(`${key}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return key;
}
