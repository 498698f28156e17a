import { chmodSync, existsSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { type OutputOptions, type Plugin, rolldown, type RolldownOptions } from "rolldown";
import { bundleForPages, type PageBundle } from "./build/bundle-for-pages.ts";
import { writeCommonJsTypes } from "./build/common-js-types.ts";
import { removeStrays } from "./build/remove-strays.ts";
import { undeclaredImports } from "./build/undeclared-imports.ts";
import { listWorkspaces, readManifest, root } from "./repository.ts";
import { runTool } from "./run-command.ts";

/** One thing that is built after the compiler: made from `source`, and left out while that does not exist. */
interface Product {
  readonly name: string;
  readonly source: string;
  make(): Promise<void> | void;
}

const products: readonly Product[] = [
  { name: "client/dist/browser.min.js", source: "packages/client/src/index.ts", make: () => bundleClient() },
  { name: "client/dist/browser.whole.min.js", source: "packages/client/src/index.ts", make: () => bundleWholeClient() },
  { name: "mqttjs/dist/index.cjs", source: "packages/mqttjs/src/index.ts", make: () => bundleMqttJs("node", "index.cjs") },
  { name: "mqttjs/dist/browser.cjs", source: "packages/mqttjs/src/index.ts", make: () => bundleMqttJs("browser", "browser.cjs") },
  {
    name: "mqttjs/dist/index.d.cts",
    source: "packages/mqttjs/src/index.ts",
    make: () => writeCommonJsTypes(join(root, "packages/mqttjs/dist")),
  },
  { name: "mqttjs/dist/browser.min.js", source: "packages/mqttjs/src/index.ts", make: () => bundleMqttJsForPages() },
  { name: "cli/dist/bundled.js", source: "packages/cli/src/run-bowline.ts", make: () => bundleMessageCommands() },
  { name: "cli/dist/bundled-all.js", source: "packages/cli/src/run-bowline.ts", make: () => bundleOtherCommands() },
  { name: "console/dist", source: "packages/console/index.html", make: () => buildConsole() },
  {
    name: "cli/dist/main.js as node_modules/.bin/bowline",
    source: "packages/cli/src/main.ts",
    make: linkCommand,
  },
];

/** Builds everything whose source is there, and says what it left out. The compiler must have run. */
export async function build(): Promise<{ readonly built: string[]; readonly skipped: string[] }> {
  for (const { folder } of listWorkspaces()) removeStrays(folder);
  const there = products.filter((product) => hasCode(join(root, product.source)));
  const skipped = products
    .filter((product) => !there.includes(product))
    .map((product) => `${product.name}: no ${product.source} yet`);
  await Promise.all(there.map(async (product) => product.make()));
  return { built: there.map((product) => product.name), skipped };
}

/** A package begins with an index that exports nothing; there is nothing to bundle in that. */
function hasCode(path: string): boolean {
  return existsSync(path) && readFileSync(path, "utf8").trim() !== "export {};";
}

// The bundles are made from the sources and not from dist, so that they never mix an old file with new ones.
const pageConditions = ["@bowline/source", "browser", "import", "default"];
const nodeConditions = ["@bowline/source", "node", "import", "default"];

function bundleClient(): Promise<void> {
  const page: PageBundle = {
    input: {
      input: join(root, "packages/client/src/index.ts"),
      resolve: { conditionNames: pageConditions },
      // What a part that is loaded on demand shares with the rest stays in the bundle, in place of a third file for every page.
      preserveEntrySignatures: "allow-extension",
      plugins: [oneSharedPart],
    },
    output: {
      dir: join(root, "packages/client/dist"),
      format: "esm",
      entryFileNames: "browser.min.js",
      // What is imported on demand: files of their own beside the bundle.
      chunkFileNames: "browser-[name].min.js",
    },
  };
  return bundleForPages([page], ["protocol", "client"]);
}

/** For a service worker, which may not import anything later: one file. */
function bundleWholeClient(): Promise<void> {
  const page: PageBundle = {
    input: { input: join(root, "packages/client/src/index.ts"), resolve: { conditionNames: pageConditions } },
    output: {
      dir: join(root, "packages/client/dist"),
      format: "esm",
      entryFileNames: "browser.whole.min.js",
      codeSplitting: false,
    },
  };
  return bundleForPages([page], ["protocol", "client"]);
}

/**
 * Rolldown leaves a file beside the bundle for what one part shares with it when all other parts share more. So the part that shares
 * least asks for as much as the others.
 */
const oneSharedPart: Plugin = {
  name: "one-shared-part",
  transform: (code, id) =>
    id.endsWith("packages/client/src/browser/diagnosis.ts")
      ? { code: `${code}\nexport { MqttError as shared } from "@bowline/protocol";`, map: null }
      : undefined,
};

/** For those who `require`: in Node, and in a page by a bundler, which needs a CommonJS file as the browser script is none. */
function bundleMqttJs(platform: "node" | "browser", name: string): Promise<void> {
  return bundle(
    {
      input: join(root, "packages/mqttjs/src/index.ts"),
      platform,
      external: ["ws", "socks"],
      resolve: { conditionNames: platform === "node" ? nodeConditions : pageConditions },
    },
    { file: join(root, "packages/mqttjs/dist", name), format: "cjs", exports: "named", esModule: true, codeSplitting: false },
  );
}

/** What the script imports on demand, by the path it is imported by. A script shares no modules with it, so each is whole in itself. */
const besideScript: Readonly<Record<string, string>> = {
  "./attempt-rules.ts": "packages/mqttjs/src/attempt-rules.ts",
  "./diagnosis.ts": "packages/client/src/browser/diagnosis.ts",
  "./outbound-aliases.ts": "packages/protocol/src/flow/outbound-aliases.ts",
  "./shared-records.ts": "packages/mqttjs/src/shared-records.ts",
};

function bundleMqttJsForPages(): Promise<void> {
  const dir = join(root, "packages/mqttjs/dist");
  const resolve = { conditionNames: pageConditions };
  const script: PageBundle = {
    input: { input: join(root, "packages/mqttjs/src/index.ts"), resolve, plugins: [loadedFromBeside] },
    output: { dir, format: "iife", name: "mqtt", exports: "named", entryFileNames: "browser.min.js", codeSplitting: false },
  };
  const parts = Object.entries(besideScript).map(
    ([path, source]): PageBundle => ({
      input: { input: join(root, source), resolve },
      output: { dir, format: "esm", entryFileNames: fileBeside(path), codeSplitting: false },
    }),
  );
  return bundleForPages([script, ...parts], ["protocol", "client", "mqttjs"]);
}

function fileBeside(path: string): string {
  return `browser-${path.replace(/^\.\/|\.ts$/g, "")}.min.js`;
}

/** Leaves these imports to the page, which finds the files beside the script. */
const loadedFromBeside: Plugin = {
  name: "loaded-from-beside",
  resolveId: (source) => (Object.hasOwn(besideScript, source) ? { id: `./${fileBeside(source)}`, external: true } : undefined),
};

/**
 * The commands pub, sub and rpc with the client and the protocol in them. What each of them needs at once is one file, and what they load
 * on demand lies beside it. All in the dist folder itself, where the version is looked for from.
 */
function bundleMessageCommands(): Promise<void> {
  const common =
    /packages\/(?:cli\/src\/(?:run-bowline|command-line|print-help|commands\/pub)|client\/src\/(?:index|internal))\.ts$/;
  return bundleCommands("bundled", commandsOnly(/^(?!pub\.|sub\.|rpc\.)/), { groups: [{ name: "common", test: common }] });
}

/** All other commands with the broker and whatever else is ours in them: five hundred files, which take Node longer than their work. */
function bundleOtherCommands(): Promise<void> {
  return bundleCommands("bundled-all", commandsOnly(/^(?:pub|sub|rpc)\./), true);
}

function bundleCommands(name: string, only: Plugin, codeSplitting: NonNullable<OutputOptions["codeSplitting"]>): Promise<void> {
  return bundle(
    {
      input: { [name]: join(root, "packages/cli/src/run-bowline.ts") },
      platform: "node",
      external: /^(?!@bowline\/)[^./#]/,
      resolve: { conditionNames: nodeConditions },
      plugins: [only, ownPlaces],
      checks: { ineffectiveDynamicImport: false },
    },
    {
      dir: join(root, "packages/cli/dist"),
      format: "esm",
      entryFileNames: "[name].js",
      chunkFileNames: `${name}-[name].js`,
      codeSplitting,
      // The code is as it is in the files beside it.
      sourcemap: false,
    },
  );
}

/** Leaves the commands whose file is called like this where the compiler put them: nobody asks the bundle for them. */
function commandsOnly(others: RegExp): Plugin {
  const folder = "./commands/";
  return {
    name: "commands-only",
    resolveId: (source) =>
      source.startsWith(folder) && others.test(source.slice(folder.length))
        ? { id: source.replace(/ts$/, "js"), external: true }
        : undefined,
  };
}

/** Files look for others beside themselves, such as the programs of their threads: in their own package's dist. */
const ownPlaces: Plugin = {
  name: "own-places",
  transform: (code, id) => {
    const [, name, path] = /packages\/(\w+)\/src\/(.*)\.ts$/.exec(id) ?? [];
    // A text that speaks of it stays as it is.
    const place = /(?<!")\bimport\.meta\.url\b/g;
    if (name === undefined || !place.test(code)) return undefined;
    const dist = name === "cli" ? "import.meta.url" : `import.meta.resolve("@bowline/${name}")`;
    return { code: code.replace(place, `new URL("./${path}.js", ${dist}).href`), map: null };
  },
};

async function bundle(input: RolldownOptions, output: OutputOptions): Promise<void> {
  const made = await rolldown({ ...input, transform: { target: "es2022" }, logLevel: "warn" });
  try {
    const { output: chunks } = await made.write({ sourcemap: true, ...output });
    const imports = chunks.flatMap((chunk) => (chunk.type === "chunk" ? [...chunk.imports, ...chunk.dynamicImports] : []));
    const manifest = join(output.dir ?? dirname(output.file ?? ""), "../package.json");
    const own = new Set(chunks.map(({ fileName }) => fileName));
    const missing = undeclaredImports(
      imports.filter((name) => !own.has(name)),
      readManifest(manifest),
    );
    if (missing.length > 0) throw new Error(`${manifest} must depend on what its bundle imports: ${missing.join(", ")}`);
  } finally {
    await made.close();
  }
}

async function buildConsole(): Promise<void> {
  const result = await runTool("vite", ["build", "--logLevel", "warn"], join(root, "packages/console"));
  if (result.code !== 0) throw new Error(`vite build failed:\n${result.output}`);
}

/**
 * npm links a workspace's command into .bin at install, and only if the file is there then, which in a fresh clone it is not.
 * Without the link `npx bowline` would go and look for a package in the registry.
 */
function linkCommand(): void {
  chmodSync(join(root, "packages/cli/dist/main.js"), 0o755);
  const link = join(root, "node_modules/.bin/bowline");
  rmSync(link, { force: true });
  symlinkSync("../../packages/cli/dist/main.js", link);
}

if (process.argv[1] === import.meta.filename) {
  const { built, skipped } = await build();
  for (const name of built) console.log(`built ${name}`);
  for (const reason of skipped) console.log(`left out ${reason}`);
}
