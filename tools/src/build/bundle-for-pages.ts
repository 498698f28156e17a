import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type OutputChunk, type OutputOptions, rolldown, type RolldownOptions } from "rolldown";
import { minify, type MinifyOptions } from "terser";
import { dropUnusedMembers } from "./drop-unused-members.ts";
import { inlineConstants } from "./inline-constants.ts";
import { mangledNames } from "./mangled-names.ts";
import { rankNames } from "./rank-names.ts";

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
  // A first time only to learn which names there are: the second time the entry's most frequent ones are the shortest.
  const cache: NameCache = {};
  await shorten(made[0]!, texts[0]!, { members, cache });
  const ranked: NameCache = { props: { props: rankNames(cache.props?.props ?? {}, texts[0]!) } };
  for (const [index, one] of made.entries()) {
    write(one.dir, one.file.fileName, await shorten(one, texts[index]!, { members, cache: ranked }));
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
/** The names that terser gave to members, by `$` and the name before. */
type NameCache = { props?: { props: Record<string, string> } };
interface Names {
  readonly members: ReadonlySet<string>;
  readonly cache: NameCache;
}

async function shorten({ file, isModule }: MadeFile, text: string, { members, cache }: Names): Promise<Shortened> {
  const options: MinifyOptions = {
    module: isModule,
    nameCache: cache,
    // Comparisons as they are written, since turned ones repeat less; and in a script, where order is free, like beside like.
    compress: { ecma: 2020, passes: 3, pure_getters: true, lhs_constants: false, hoist_funs: !isModule },
    // Only members of ours are renamed, so they may be called as something of the platform's is.
    mangle: { properties: { regex: new RegExp(`^(${[...members].join("|")})$`), builtins: true } },
    sourceMap: { content: file.map?.toString() ?? "", url: `${file.fileName}.map` },
  };
  const { code, map } = await minify(text, options);
  if (typeof code !== "string" || typeof map !== "string") throw new Error(`terser made nothing of ${file.fileName}`);
  return { code, map };
}

function write(dir: string, fileName: string, { code, map }: Shortened): void {
  writeFileSync(join(dir, fileName), code);
  writeFileSync(join(dir, `${fileName}.map`), map);
}
