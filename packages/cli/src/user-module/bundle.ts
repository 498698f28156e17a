import { isBuiltin } from "node:module";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import type { Plugin } from "rolldown";

/** A program as one text. */
export interface Bundle {
  readonly code: string;
  /** Where the parts of the text come from: a source map, whose paths begin at the folder of the program. */
  readonly map: string;
  /** The files it was made of, its own first. */
  readonly files: readonly string[];
}

/**
 * Makes one text of a program of the operator, in TypeScript or JavaScript, and of what it imports: nothing is written to disk, and paths
 * stay those of the sources. Our own packages are always this command's, so that they need no installation.
 *
 * Rejects with rolldown's error.
 */
export async function bundle(path: string): Promise<Bundle> {
  // Loaded here, since it is large and most commands run no programs.
  const { rolldown } = await import("rolldown");
  const build = await rolldown({
    input: path,
    platform: "node",
    logLevel: "silent",
    plugins: [ownPackages, ownPlace],
    external: (id) => isBuiltin(id),
  });
  const { output } = await build.generate({ format: "esm", codeSplitting: false, sourcemap: "hidden", dir: dirname(path) });
  const files = (await build.watchFiles).filter((file) => !file.startsWith("\0"));
  await build.close();
  return { code: output[0].code, map: String(output[0].map), files: [...new Set([path, ...files])] };
}

const OWN: ReadonlySet<string> = new Set(["@bowline/broker", "@bowline/realtime", "bowline"]);

/** Resolved from here, as an absolute address: the program may lie where nothing is installed. */
const ownPackages: Plugin = {
  name: "own-packages",
  resolveId: (id) => (OWN.has(id) ? { id: import.meta.resolve(id), external: "absolute" } : undefined),
};

/** A bundled text has no place of its own; each source keeps the one it was written for. */
const ownPlace: Plugin = {
  name: "own-place",
  transform: (code, id) => {
    if (!code.includes("import.meta") || id.startsWith("\0")) return undefined;
    const placed = code
      .replaceAll("import.meta.url", JSON.stringify(pathToFileURL(id).href))
      .replaceAll("import.meta.dirname", JSON.stringify(dirname(id)))
      .replaceAll("import.meta.filename", JSON.stringify(id));
    // No map: lines stay what they were.
    return { code: placed, map: null };
  },
};
