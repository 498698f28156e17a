import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { createContext, runInContext, runInNewContext } from "node:vm";
import { rolldown } from "rolldown";
import { expect, test } from "vitest";

/*
 * What happens when a package is merely imported: on a server that renders pages, in a test environment that has half of a page, in
 * React Native. Nothing may be asked of the host then, and nothing of Node be reached where Node is not.
 */

const require = createRequire(import.meta.url);
const built = (path: string): string => fileURLToPath(new URL(`../../../packages/${path}`, import.meta.url));

const entries = [
  "client/dist/index.js",
  "client/dist/transports.js",
  "client/dist/internal.js",
  "client/dist/browser.min.js",
  "client/dist/browser.whole.min.js",
  "mqttjs/dist/index.js",
  "mqttjs/dist/index.cjs",
  "mqttjs/dist/browser.cjs",
  "mqttjs/dist/browser.min.js",
  "protocol/dist/index.js",
  "protocol/dist/internal.js",
  "protocol/dist/errors/explanations.js",
];
const conditions = {
  node: ["node", "import", "default"],
  browser: ["browser", "import", "default"],
  "react-native": ["react-native", "import", "default"],
  "none but default": ["import", "default"],
};

/** Everything below the entry as one function, no line left out, and the modules that it asks its host for. */
async function flatten(entry: string, conditionNames: readonly string[]): Promise<{ code: string; imports: string[] }> {
  const bundle = await rolldown({
    input: built(entry),
    resolve: { conditionNames: [...conditionNames] },
    treeshake: false,
    platform: "neutral",
    external: [/^node:/, "ws", "socks"],
    logLevel: "silent",
  });
  const { output } = await bundle.generate({ format: "cjs", codeSplitting: false });
  await bundle.close();
  const [{ code, imports, dynamicImports }] = output;
  return { code, imports: [...imports, ...dynamicImports] };
}

const ofLanguage = new Set(runInNewContext("Object.getOwnPropertyNames(globalThis)") as string[]);
ofLanguage.delete("console");
const ofPages = ["window", "self", "document", "location", "localStorage", "indexedDB", "addEventListener", "importScripts"];
const ofPhones = ["HermesInternal", "wx", "my"];
const ofHosts = [
  ...Object.getOwnPropertyNames(globalThis),
  ...ofPages,
  ...ofPhones,
  "WebSocket",
  "navigator",
  "Deno",
  "Bun",
].filter((name) => !ofLanguage.has(name));

/** Executes it where there is nothing but the language; answers what it asked for beyond. */
function evaluate(code: string): { touched: string[]; exports: Record<string, unknown> } {
  const touched: string[] = [];
  const host: Record<string, unknown> = {};
  for (const name of new Set(ofHosts)) {
    Object.defineProperty(host, name, { get: () => void touched.push(name), configurable: true });
  }
  const run = runInContext(`(function (exports, require, module) {${code}\n})`, createContext(host)) as (
    ...args: unknown[]
  ) => void;
  const module = { exports: {} };
  run(module.exports, require, module);
  return { touched, exports: module.exports };
}

test.each(entries.flatMap((entry) => Object.entries(conditions).map(([name, list]) => [entry, name, list] as const)))(
  "importing %s under the condition %s touches no global of any host",
  async (entry, _name, list) => {
    const { code } = await flatten(entry, list);
    const { touched, exports } = evaluate(code);
    expect(touched).toEqual([]);
    // The script for pages exports nothing; the next test looks at what it leaves.
    expect(Object.keys(exports).length > 0 || entry === "mqttjs/dist/browser.min.js").toBe(true);
  },
);

test("the script for pages leaves one global, mqtt, with MQTT.js's names", () => {
  const context = createContext({});
  const before = new Set(runInContext("Object.getOwnPropertyNames(globalThis)", context) as string[]);
  runInContext(readFileSync(built("mqttjs/dist/browser.min.js"), "utf8"), context);
  const after = runInContext("Object.getOwnPropertyNames(globalThis)", context) as string[];
  expect(after.filter((name) => !before.has(name))).toEqual(["mqtt"]);
  expect(
    runInContext(
      "[typeof mqtt.connect, typeof mqtt.connectAsync, typeof mqtt.MqttClient, mqtt.default.connect === mqtt.connect]",
      context,
    ),
  ).toEqual(["function", "function", "function", true]);
});

test.each(entries.filter((entry) => !entry.endsWith("index.cjs")))(
  "%s reaches no module of Node under the conditions browser, react-native and default",
  async (entry) => {
    for (const name of ["browser", "react-native", "none but default"] as const) {
      expect({ name, imports: (await flatten(entry, conditions[name])).imports }).toEqual({ name, imports: [] });
    }
  },
);

test.each([
  ["require.resolve('@bowline/mqttjs')", /mqttjs\/dist\/browser\.cjs$/],
  ["import.meta.resolve('@bowline/mqttjs')", /mqttjs\/dist\/index\.js$/],
  ["import.meta.resolve('@bowline/client')", /client\/dist\/index\.js$/],
])("under the condition react-native %s is a file that has passed above", (expression, file) => {
  const type = expression.startsWith("import") ? "module" : "commonjs";
  const args = ["--conditions=react-native", `--input-type=${type}`, "-e", `console.log(${expression})`];
  expect(execFileSync(process.execPath, args, { cwd: import.meta.dirname, encoding: "utf8" }).trim()).toMatch(file);
});

test("the files that programs import from MQTT.js are the package itself", () => {
  const names = ["mqtt", "mqtt.js", "mqtt.min", "mqtt.min.js", "mqtt.esm", "mqtt.esm.js"];
  const code = `console.log(${JSON.stringify(names)}.map((name) => require.resolve("@bowline/mqttjs/dist/" + name)).join())`;
  const found = execFileSync(process.execPath, ["-e", code], { cwd: import.meta.dirname, encoding: "utf8" }).trim();
  expect(new Set(found.split(","))).toEqual(new Set([built("mqttjs/dist/index.cjs")]));
});
