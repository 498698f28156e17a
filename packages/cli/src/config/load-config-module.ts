import { readFile } from "node:fs/promises";
import type { ConfigSource } from "@bowline/broker/internal";
import { MqttError } from "@bowline/protocol";
import { type Bundle, bundle } from "../user-module/bundle.ts";
import { placeOfError } from "../user-module/place-of-error.ts";
import { modulePositions } from "./module-positions.ts";

/** As long as fetching secrets from somewhere may take. */
const PATIENCE_MS = 30_000;

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
  const program = await bundle(path).catch((cause: Error) => {
    throw new MqttError("CONFIG_INVALID", { detail: `${shownName}: ${cause.message.trim()}`, cause });
  });
  const value = await run(program, path, shownName);
  if (value === undefined)
    throw new MqttError("CONFIG_INVALID", {
      detail: `${shownName}: it has no default export; write "export default defineConfig({ ... })"`,
    });
  return { value, positionOf: await modulePositions(source, path), files: program.files };
}

async function run({ code, map }: Bundle, path: string, shownName: string): Promise<unknown> {
  const text = `${code}\n// ${++loads}\n`;
  try {
    return await withinTime(defaultOf(`data:text/javascript;base64,${Buffer.from(text).toString("base64")}`));
  } catch (cause) {
    const place = placeOfError(cause, map, path, shownName);
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new MqttError("CONFIG_INVALID", { detail: `${place ?? `${shownName}:`} failed when it was run: ${words}`, cause });
  }
}

async function defaultOf(address: string): Promise<unknown> {
  const exported = (await import(address)) as Record<string, unknown>;
  return exported["default"];
}

/** A program that waits for what never comes would hold up a start, or a reload, without a word. */
async function withinTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it is not done after ${PATIENCE_MS / 1_000} s`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
