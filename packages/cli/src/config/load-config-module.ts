import { readFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import type { ConfigSource } from "@bowline/broker/internal";
import { MqttError } from "@bowline/protocol";
import type { Plugin } from "rolldown";
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
  const { code, files } = await bundle(path, shownName);
  const exported = await run(code, shownName);
  const value: unknown = await exported["default"];
  if (value === undefined)
    throw new MqttError("CONFIG_INVALID", {
      detail: `${shownName}: it has no default export; write "export default defineConfig({ ... })"`,
    });
  return { value, positionOf: await modulePositions(source, path), files };
}

/** One text without files: nothing is written to disk, and paths stay those of the sources. */
async function bundle(path: string, shownName: string): Promise<{ code: string; files: string[] }> {
  // Loaded here, since it is large and most configurations are no programs.
  const { rolldown } = await import("rolldown");
  try {
    const build = await rolldown({
      input: path,
      platform: "node",
      logLevel: "silent",
      plugins: [ownBroker, ownPlace],
      external: (id) => isBuiltin(id),
    });
    const { output } = await build.generate({ format: "esm", codeSplitting: false });
    const files = (await build.watchFiles).filter((file) => !file.startsWith("\0"));
    await build.close();
    return { code: output[0].code, files: [...new Set([path, ...files])] };
  } catch (cause) {
    throw new MqttError("CONFIG_INVALID", { detail: `${shownName}: ${(cause as Error).message.trim()}`, cause });
  }
}

async function run(code: string, shownName: string): Promise<Record<string, unknown>> {
  const text = `${code}\n// ${++loads}\n`;
  try {
    return (await import(`data:text/javascript;base64,${Buffer.from(text).toString("base64")}`)) as Record<string, unknown>;
  } catch (cause) {
    throw new MqttError("CONFIG_INVALID", { detail: `${shownName} failed when it was run: ${(cause as Error).message}`, cause });
  }
}

/** Resolved from here, as an absolute address: the configuration may lie where nothing is installed. */
const ownBroker: Plugin = {
  name: "own-broker",
  resolveId: (id) => (id === "@bowline/broker" ? { id: import.meta.resolve(id), external: "absolute" } : undefined),
};

/** A bundled text has no place of its own; each source keeps the one it was written for. */
const ownPlace: Plugin = {
  name: "own-place",
  transform: (code, id) => {
    if (!code.includes("import.meta") || id.startsWith("\0")) return undefined;
    return code
      .replaceAll("import.meta.url", JSON.stringify(pathToFileURL(id).href))
      .replaceAll("import.meta.dirname", JSON.stringify(dirname(id)))
      .replaceAll("import.meta.filename", JSON.stringify(id));
  },
};
