import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import * as net from "node:net";
import { join } from "node:path";
import { programPath } from "../system/missing-programs.ts";

/** A real nginx with a folder and a configuration of its own. */
export class NginxProcess {
  private readonly child: ChildProcess;
  private readonly exited: Promise<unknown>;

  private constructor(child: ChildProcess) {
    this.child = child;
    this.exited = once(child, "close");
  }

  /** `servers` are the blocks inside `http`; `port` must answer once it runs. */
  static async start(folder: string, servers: string, port: number): Promise<NginxProcess> {
    await mkdir(join(folder, "nginx"), { recursive: true });
    const file = join(folder, "nginx", "nginx.conf");
    await writeFile(file, configuration(join(folder, "nginx"), servers));
    const child = spawn(programPath("nginx") ?? "nginx", ["-e", "stderr", "-p", folder, "-c", file], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let log = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      log += text;
    });
    const one = new NginxProcess(child);
    const failed = one.exited.then(() => Promise.reject(new Error(`nginx ended:\n${log}`)));
    await Promise.race([answers(port, child), failed]);
    failed.catch(() => undefined);
    return one;
  }

  async stop(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.exited;
  }
}

function configuration(folder: string, servers: string): string {
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `  ${name}_temp_path ${folder}/${name};`);
  return [
    // One process, so that ending it leaves none behind.
    "daemon off;",
    "master_process off;",
    `pid ${folder}/pid;`,
    "events { worker_connections 64; }",
    "http {",
    "  access_log off;",
    ...paths,
    servers,
    "}",
    "",
  ].join("\n");
}

/** Resolves when the port takes connections. */
async function answers(port: number, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const socket = net.connect(port, "127.0.0.1");
    const isOpen = await new Promise<boolean>((resolve) =>
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false)),
    );
    socket.destroy();
    if (isOpen) return;
  }
}
