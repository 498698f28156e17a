import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const documents = (await Promise.all([".", "docs", "docs/adr", "docs/guides"].map(documentsIn))).flat();
const packages = await readdir(join(root, "packages"));
const guides = documents.filter((name) => name.startsWith("docs/guides/"));
const readmes = packages.map((name) => `packages/${name}/README.md`);
const all = [...documents, ...readmes];

test.each(all)("every link in %s leads somewhere", async (document) => {
  const text = await readFile(join(root, document), "utf8");
  const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)].map(([, link]) => link ?? "");
  expect(links.filter((link) => !existsSync(join(root, dirname(document), link)))).toEqual([]);
});

test.each(["README.md", ...guides, ...readmes])("every program in %s is a file in examples/, whole and as it is", async (guide) => {
  const text = await readFile(join(root, guide), "utf8");
  const blocks = [...text.matchAll(/^```(?:js|ts|typescript|html|nginx)\n(.*?)^```$/gms)].map(([, block]) => block);
  const entries = await readdir(join(root, "examples"), { withFileTypes: true, recursive: true });
  const files = entries.filter(
    (entry) => entry.isFile() && !/node_modules/.test(entry.parentPath) && !entry.name.startsWith("tsconfig"),
  );
  const examples = await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name), "utf8")));
  expect(blocks.filter((block) => !examples.some((example) => example === block))).toEqual([]);
});

test("every file that ARCHITECTURE.md names exists", async () => {
  const text = await readFile(join(root, "ARCHITECTURE.md"), "utf8");
  const named = [...text.matchAll(/`([\w./-]+\.ts)`/g)].map(([, path]) => path ?? "");
  const sources = (await Promise.all(["packages", "tools/src"].map(sourcesBelow))).flat();
  const names = new Set(sources.map((path) => basename(path)));
  // With a folder it is a path below packages/, or below a folder just named; without one it continues the path before it.
  const missing = named.filter((path) => {
    if (!path.includes("/")) return !names.has(path);
    return !sources.some((source) => source === `packages/${path}` || source === path || source.endsWith(`/${path}`));
  });
  expect(missing).toEqual([]);
  expect(named.length).toBeGreaterThan(50);
});

async function documentsIn(folder: string): Promise<string[]> {
  const names = await readdir(join(root, folder));
  return names.filter((name) => name.endsWith(".md")).map((name) => join(folder, name));
}

async function sourcesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { recursive: true });
  return entries
    .filter((entry) => entry.endsWith(".ts") && !/(^|\/)(dist|node_modules)\//.test(entry))
    .map((entry) => `${folder}/${entry}`);
}
