import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

const COMPILED = /\.(?:js|d\.ts|d\.cts)(?:\.map)?$/;
/** Bundles: made beside what the compiler makes. */
const BUNDLES = /^(?:browser[\w.-]*|index)\.(?:min\.js|cjs)(?:\.map)?$/;

/**
 * Removes from a package's dist what the compiler once made of a source that is gone: it never does, and a package that is published would
 * carry it along. Answers what was removed.
 */
export function removeStrays(folder: string): string[] {
  const options = join(folder, "tsconfig.json");
  const dist = join(folder, "dist");
  if (!existsSync(dist) || !existsSync(options) || !readFileSync(options, "utf8").includes('"outDir": "dist"')) return [];
  const strays = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((name) => {
    if (!COMPILED.test(name) || BUNDLES.test(name)) return false;
    const source = join(folder, "src", name.replace(COMPILED, ""));
    return ![".ts", ".tsx"].some((ending) => existsSync(`${source}${ending}`));
  });
  for (const name of strays) rmSync(join(dist, name));
  return strays;
}
