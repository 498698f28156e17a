import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, extname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { UserModule } from "@bowline/broker/internal";
import { MqttError } from "@bowline/protocol";
import { bundle } from "./bundle.ts";

/**
 * Makes a module that a child process can load of a program in TypeScript or JavaScript and what it imports. It lies in a folder of its
 * own, which only this user can read, until `dispose`.
 *
 * @throws MqttError CONFIG_INVALID
 */
export async function loadUserModule(file: string): Promise<UserModule> {
  const { code, files } = await bundle(file).catch((cause: Error) => {
    throw new MqttError("CONFIG_INVALID", { detail: `${file}: ${cause.message.trim()}`, cause });
  });
  const folder = await mkdtemp(join(tmpdir(), "bowline-module-"));
  const path = join(folder, `${basename(file, extname(file))}.mjs`);
  await writeFile(path, code, { mode: 0o600 });
  return {
    url: pathToFileURL(path).href,
    files,
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
}
