import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type BrokerProcess, endProcess } from "./broker-process.ts";
import { hundredRules } from "./hundred-rules.ts";

const commandFolder = new URL("../../../packages/cli/", import.meta.url);

/**
 * Starts the built `bowline up` with a plain TCP listener, everything in memory, 100 access rules and its other defaults.
 *
 * @param nodeOptions Options of Node itself, such as those of its profiler.
 * @throws Error when it ends before it is ready.
 */
export async function startBowline(nodeOptions: readonly string[] = []): Promise<BrokerProcess> {
  const { version } = JSON.parse(await readFile(new URL("package.json", commandFolder), "utf8")) as { version: string };
  const folder = await mkdtemp(join(tmpdir(), "bowline-bench-"));
  const command = fileURLToPath(new URL("bin/bowline.js", commandFolder));
  const args = ["up", "--memory", "--anonymous", "--no-console", "--log-level", "error", "--listen", "mqtt://127.0.0.1:0"];
  const config = join(folder, "bowline.json");
  await writeFile(config, JSON.stringify(hundredRules()));
  const child = spawn(process.execPath, [...nodeOptions, command, ...args, "--config", config, "--data", join(folder, "data")], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const stop = async (): Promise<void> => {
    await endProcess(child);
    await rm(folder, { recursive: true, force: true });
  };
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-4000);
  });
  try {
    const port = await new Promise<number>((resolve, reject) => {
      child.once("exit", (code) => reject(new Error(`bowline up ended with ${code} before it was ready:\n${log}`)));
      createInterface({ input: child.stdout }).on("line", (line) => {
        const found = /^ready mqtt:\/\/127\.0\.0\.1:(\d+)/.exec(line);
        if (found !== null) resolve(Number(found[1]));
      });
    });
    return { name: "bowline", version, pid: child.pid!, port, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
