// `npm start`: builds what is missing or older than its sources, then runs `bowline up` in this same process, so that a signal
// to npm reaches the broker itself. Plain JavaScript, since it must run before anything is compiled.
import { spawn } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");

await run("compiling", "node_modules/typescript/bin/tsc", ["-b", "packages/cli", "packages/mqttjs", "tools"]);
const CLIENT = [join(root, "packages/client/src"), join(root, "packages/protocol/src")];
// What is pasted from the broker's first words are commands of the bundle.
const isBundleStale = isStale(join(root, "packages/cli/dist/bundled.js"), [join(root, "packages/cli/src"), ...CLIENT]);
if (isBundleStale || isConsoleStale()) await run("building", "tools/dist/build.js", []);

process.argv.splice(2, 0, "up");
await import("../packages/cli/dist/main.js");

/** Runs a program of ours with this Node, silently unless it fails or takes its time. */
async function run(what, script, args) {
  const child = spawn(process.execPath, [join(root, script), ...args], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  const notice = setTimeout(() => process.stderr.write(`${what} ...\n`), 1_000);
  const stop = () => {
    child.kill();
    process.exit(130);
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const code = await new Promise((resolve) => child.on("close", resolve));
  process.off("SIGINT", stop).off("SIGTERM", stop);
  clearTimeout(notice);
  if (code === 0) return;
  // As after a pull that brought a dependency.
  const advice = /Cannot find (module|package)/.test(output) ? "; if something is not installed, run npm ci first" : "";
  process.stderr.write(`${output}error: ${what} failed; nothing was started${advice}\n`);
  process.exit(1);
}

function isConsoleStale() {
  const folder = join(root, "packages/console");
  if (!existsSync(join(folder, "index.html"))) return false;
  // The page carries the client and the protocol with it.
  return isStale(join(folder, "dist/index.html"), [folder, ...CLIENT]);
}

function isStale(built, sources) {
  if (!existsSync(built)) return true;
  const builtAt = statSync(built).mtimeMs;
  return sources.some((source) => newestIn(source) > builtAt);
}

function newestIn(folder) {
  let newest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === "dist" || entry.name === "node_modules") continue;
    const path = join(folder, entry.name);
    newest = Math.max(newest, entry.isDirectory() ? newestIn(path) : statSync(path).mtimeMs);
  }
  return newest;
}
