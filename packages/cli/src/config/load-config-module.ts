import { readFile } from "node:fs/promises";
import type { ConfigSource } from "@bowline/broker/internal";
import { MqttError } from "@bowline/protocol";
import { bundle } from "../user-module/bundle.ts";
import { modulePositions } from "./module-positions.ts";

/** Counts what was loaded, so that a reload runs the text again even when it is the same one. */
let loads = 0;

/**
 * Reads a configuration written as a program (`bowline.config.ts`): it is bundled with what it imports and run, and its default export is
 * the configuration. `@bowline/broker` is always this command's own, so that `defineConfig` needs no installation.
 *
 * @throws MqttError CONFIG_UNREADABLE, CONFIG_INVALID
 */
export async function loadConfigModule(path: string, shownName: string): Promise<ConfigSource> {
  const source = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw new MqttError("CONFIG_UNREADABLE", { detail: `${shownName} (${cause.code ?? "unknown"})`, cause });
  });
  const { code, files } = await bundle(path).catch((cause: Error) => {
    throw new MqttError("CONFIG_INVALID", { detail: `${shownName}: ${cause.message.trim()}`, cause });
  });
  const exported = await run(code, shownName);
  const value: unknown = await exported["default"];
  if (value === undefined)
    throw new MqttError("CONFIG_INVALID", {
      detail: `${shownName}: it has no default export; write "export default defineConfig({ ... })"`,
    });
  return { value, positionOf: await modulePositions(source, path), files };
}

async function run(code: string, shownName: string): Promise<Record<string, unknown>> {
  const text = `${code}\n// ${++loads}\n`;
  try {
    return (await import(`data:text/javascript;base64,${Buffer.from(text).toString("base64")}`)) as Record<string, unknown>;
  } catch (cause) {
    throw new MqttError("CONFIG_INVALID", { detail: `${shownName} failed when it was run: ${(cause as Error).message}`, cause });
  }
}
