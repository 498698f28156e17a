import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type OutputChunk, type OutputOptions, rolldown, type RolldownOptions } from "rolldown";
import { minify, type MinifyOptions } from "terser";
import { dropUnusedMembers } from "./drop-unused-members.ts";
import { inlineConstants } from "./inline-constants.ts";
import { mangledNames } from "./mangled-names.ts";

/** What is bundled, and where the files go. */
export interface PageBundle {
  readonly input: RolldownOptions;
  readonly output: OutputOptions & { readonly dir: string };
}

/** One file that was made of a bundle. */
interface MadeFile {
  readonly file: OutputChunk;
  readonly dir: string;
  readonly isModule: boolean;
}

/**
 * Rolldown bundles and drops what is dead; terser makes the rest smaller than rolldown's own minifier can, names of members included.
 * Bundles that exchange objects of our classes are made together, since they must use the same names.
 *
 * @param packages whose names they use
 */
export async function bundleForPages(bundles: readonly PageBundle[], packages: readonly string[]): Promise<void> {
  const members = mangledNames(packages);
  const made = (await Promise.all(bundles.map(generate))).flat();
  const texts = dropUnusedMembers(
    made.map(({ file }) => file.code.replace(/\n\/\/# sourceMappingURL=.*\s*$/, "")),
    members,
  );
  const shorten = shortener(members);
  for (const [index, { file, dir, isModule }] of made.entries()) {
    write(dir, file.fileName, await shorten(file, texts[index]!, isModule));
  }
}

/** The files of a bundle, the entry first: it gets the shortest names, and its parts use the same. */
async function generate({ input, output }: PageBundle): Promise<MadeFile[]> {
  const plugins = [inlineConstants(), input.plugins];
  const made = await rolldown({ platform: "browser", logLevel: "warn", ...input, plugins, transform: { target: "es2022" } });
  try {
    const { output: files } = await made.generate({ ...output, minify: true, sourcemap: true });
    mkdirSync(output.dir, { recursive: true });
    removeOld(output.dir, files);
    return files
      .filter((file) => file.type === "chunk")
      .toSorted((a, b) => Number(b.isEntry) - Number(a.isEntry))
      .map((file) => ({ file, dir: output.dir, isModule: output.format === "esm" }));
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

function shortener(members: ReadonlySet<string>): (file: OutputChunk, text: string, isModule: boolean) => Promise<Shortened> {
  const names = new RegExp(`^(${[...members].join("|")})$`);
  const nameCache = {};
  return async (file, text, module) => {
    const options: MinifyOptions = {
      module,
      nameCache,
      compress: { ecma: 2020, passes: 3, pure_getters: true },
      mangle: { properties: { regex: names } },
      sourceMap: { content: file.map?.toString() ?? "", url: `${file.fileName}.map` },
    };
    const { code, map } = await minify(text, options);
    if (typeof code !== "string" || typeof map !== "string") throw new Error(`terser made nothing of ${file.fileName}`);
    return { code, map };
  };
}

function write(dir: string, fileName: string, { code, map }: Shortened): void {
  writeFileSync(join(dir, fileName), code);
  writeFileSync(join(dir, `${fileName}.map`), map);
}
