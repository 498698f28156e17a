import { type ChildProcess, spawn } from "node:child_process";
import { chmod, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { programPath } from "../system/missing-programs.ts";

const listeners = ["plain", "secure", "mutual", "login", "rules", "full", "small", "web"] as const;
type Listener = (typeof listeners)[number];

/** One mosquitto with a listener for each fault that it makes by itself. */
export class MosquittoFaults {
  private readonly ports: Readonly<Record<Listener, number>>;
  private readonly child: ChildProcess;
  private readonly exited: Promise<void>;

  private constructor(ports: Readonly<Record<Listener, number>>, child: ChildProcess) {
    this.ports = ports;
    this.child = child;
    this.exited = new Promise((resolve) => child.once("close", () => resolve()));
  }

  /** In a folder that has the farm's certificates. */
  static async start(folder: string): Promise<MosquittoFaults> {
    for (let attempt = 1; ; attempt++) {
      const ports = await freePorts();
      await writeFiles(folder, ports);
      const child = spawn(programPath("mosquitto") ?? "mosquitto", ["-c", join(folder, "mosquitto.conf")]);
      const one = new MosquittoFaults(ports, child);
      try {
        await one.isRunning();
        return one;
      } catch (error) {
        // Between our look and its start another may have taken a port.
        if (attempt === 5) throw error;
      }
    }
  }

  port(name: Listener): number {
    return this.ports[name];
  }

  async stop(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.exited;
  }

  private isRunning(): Promise<void> {
    return new Promise((resolve, reject) => {
      let log = "";
      this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
        log += text;
        if (/mosquitto version \S+ running/.test(log)) resolve();
      });
      this.child.once("close", (code) => reject(new Error(`mosquitto ended with ${code}:\n${log}`)));
    });
  }
}

async function freePorts(): Promise<Record<Listener, number>> {
  const servers = listeners.map(() => createServer().listen(0, "localhost"));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.once("listening", resolve))));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return Object.fromEntries(listeners.map((name, i) => [name, ports[i]])) as Record<Listener, number>;
}

async function writeFiles(folder: string, ports: Readonly<Record<Listener, number>>): Promise<void> {
  await chmod(folder, 0o755);
  const tls = [`cafile ${folder}/root.pem`, `certfile ${folder}/good.pem`, `keyfile ${folder}/good.key`];
  const own: Readonly<Record<Listener, readonly string[]>> = {
    plain: [],
    secure: tls,
    mutual: [...tls, "require_certificate true"],
    login: ["allow_anonymous false"],
    rules: [`acl_file ${folder}/acl`],
    full: ["max_connections 1"],
    small: ["max_qos 0"],
    web: ["protocol websockets"],
  };
  const lines = [
    ...(process.getuid?.() === 0 ? ["user root"] : []),
    "log_dest stderr",
    "per_listener_settings true",
    ...listeners.flatMap((name) => [
      `listener ${ports[name]} ${name === "web" ? "lo" : "localhost"}`,
      ...(name === "login" ? [] : ["allow_anonymous true"]),
      ...own[name],
    ]),
  ];
  await writeFile(join(folder, "acl"), "topic write #\n");
  await writeFile(join(folder, "mosquitto.conf"), `${lines.join("\n")}\n`);
}
