import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type BrokerProcess, endProcess } from "./broker-process.ts";

/** Another program may take the free port before mosquitto does. */
const START_ATTEMPTS = 3;
const READY_WITHIN_MS = 5000;

/** What is missing and how to get it, for whoever skips a comparison. */
export const mosquittoIsMissing = "mosquitto is not installed: apt-get install mosquitto";

/** Path of the installed mosquitto; Debian keeps it where only root's PATH looks. */
export function findMosquitto(): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((folder) => join(folder, "mosquitto")).find((path) => existsSync(path));
}

/**
 * Starts mosquitto with settings like ours: no limit that a run could reach, no delay, nothing on disk.
 *
 * @throws Error when it does not listen.
 */
export async function startMosquitto(path: string): Promise<BrokerProcess> {
  const version = /version (\S+)/.exec(spawnSync(path, ["-h"], { encoding: "utf8" }).stdout)?.[1] ?? "unknown";
  const folder = await mkdtemp(join(tmpdir(), "mosquitto-bench-"));
  for (let attempt = 1; attempt <= START_ATTEMPTS; attempt++) {
    const port = await freePort();
    const config = join(folder, "mosquitto.conf");
    await writeFile(config, configuration(port));
    const child = spawn(path, ["-c", config], { stdio: "ignore" });
    const stop = async (): Promise<void> => {
      await endProcess(child);
      await rm(folder, { recursive: true, force: true });
    };
    if (await listens(child, port)) return { name: "mosquitto", version, pid: child.pid!, port, stop };
    await endProcess(child);
  }
  await rm(folder, { recursive: true, force: true });
  throw new Error(`mosquitto did not listen after ${START_ATTEMPTS} starts`);
}

function configuration(port: number): string {
  const lines = [
    `listener ${port} 127.0.0.1`,
    "allow_anonymous true",
    "max_queued_messages 0",
    "max_inflight_messages 1000",
    "set_tcp_nodelay true",
    "persistence false",
    "log_dest none",
  ];
  return `${lines.join("\n")}\n`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

async function listens(child: ChildProcess, port: number): Promise<boolean> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (child.exitCode === null && performance.now() < deadline) {
    if (await accepts(port)) return child.exitCode === null;
    await sleep(10);
  }
  return false;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
