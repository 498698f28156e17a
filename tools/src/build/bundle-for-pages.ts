import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type OutputChunk, type OutputOptions, rolldown, type RolldownOptions } from "rolldown";
import { minify, type MinifyOptions } from "terser";
import { inlineConstants } from "./inline-constants.ts";
import { mangledNames } from "./mangled-names.ts";

/** The short names given so far. Bundles that exchange objects of our classes must use the same. */
export type NameCache = object;

/** Rolldown bundles and drops what is dead; terser makes the rest smaller than rolldown's own minifier can, names of members included. */
export async function bundleForPages(
  input: RolldownOptions,
  output: OutputOptions & { readonly dir: string },
  packages: readonly string[],
  names: NameCache = {},
): Promise<void> {
  const plugins = [inlineConstants(), input.plugins];
  const made = await rolldown({ platform: "browser", logLevel: "warn", ...input, plugins, transform: { target: "es2022" } });
  try {
    const { output: files } = await made.generate({ ...output, minify: true, sourcemap: true });
    mkdirSync(output.dir, { recursive: true });
    removeOld(output.dir, files);
    const shorten = shortener(output.format === "esm", mangledNames(packages), names);
    // The entry first: it gets the shortest names, and the chunks use the same.
    for (const file of files.toSorted((a, b) => Number(isEntry(b)) - Number(isEntry(a)))) {
      if (file.type === "chunk") write(output.dir, file, await shorten(file));
    }
  } finally {
    await made.close();
  }
}

/** What an earlier build made, or a page would be told of a file that nothing loads. */
function removeOld(dir: string, files: readonly { readonly fileName: string; readonly type: string }[]): void {
  const entry = files.find(isEntry)?.fileName ?? "";
  const isChunk = (name: string): boolean =>
    name.startsWith(entry.replace(/min\.js$/, "").replace(/\.$/, "-")) && /\.min\.js(\.map)?$/.test(name);
  for (const name of readdirSync(dir)) if (isChunk(name)) rmSync(join(dir, name));
}

function isEntry(file: { readonly type: string }): boolean {
  return (file as Partial<OutputChunk>).isEntry === true;
}

type Shortened = { readonly code: string; readonly map: string };

function shortener(module: boolean, members: ReadonlySet<string>, nameCache: NameCache): (file: OutputChunk) => Promise<Shortened> {
  const names = new RegExp(`^(${[...members].join("|")})$`);
  return async (file) => {
    const options: MinifyOptions = {
      module,
      nameCache,
      compress: { ecma: 2020, passes: 3, pure_getters: true },
      mangle: { properties: { regex: names } },
      sourceMap: { content: file.map?.toString() ?? "", url: `${file.fileName}.map` },
    };
    const { code, map } = await minify(file.code.replace(/\n\/\/# sourceMappingURL=.*\s*$/, ""), options);
    if (typeof code !== "string" || typeof map !== "string") throw new Error(`terser made nothing of ${file.fileName}`);
    return { code, map };
  };
}

function write(dir: string, file: OutputChunk, { code, map }: Shortened): void {
  writeFileSync(join(dir, file.fileName), code);
  writeFileSync(join(dir, `${file.fileName}.map`), map);
}
