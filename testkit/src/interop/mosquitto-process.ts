import { execFile, spawn, type ChildProcess } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { openLocalCa } from "@bowline/broker/internal";
import { programPath } from "../system/missing-programs.ts";
import { whilePortsAreTaken } from "../system/while-ports-are-taken.ts";

const run = promisify(execFile);

export type MosquittoScheme = "mqtt" | "mqtts" | "ws" | "wss";
const SCHEMES: readonly MosquittoScheme[] = ["mqtt", "mqtts", "ws", "wss"];

/** A mosquitto broker with a folder, ports, users and certificates of its own; it keeps its sessions when it ends in order. */
export class MosquittoProcess {
  readonly user: { username: string; password: string } = { username: "ann", password: "correct horse" };
  /** What a listener with a line `psk_file` may know. */
  readonly psk: { identity: string; key: string } = { identity: "device 1", key: "00112233445566778899aabbccddeeff" };
  readonly folder: string;
  ca = "";
  private ports: Record<MosquittoScheme, number> = { mqtt: 0, mqtts: 0, ws: 0, wss: 0 };
  private child: ChildProcess | undefined;
  private exited: Promise<void> = Promise.resolve();
  private changing: Promise<void> = Promise.resolve();

  private readonly secure: readonly string[];

  private constructor(folder: string, secure: readonly string[]) {
    this.folder = folder;
    this.secure = secure;
  }

  /** @param secure further lines of the mqtts listener; `psk_file psk` has it take the shared key, in place of its certificate */
  static async start(...secure: readonly string[]): Promise<MosquittoProcess> {
    const one = new MosquittoProcess(await mkdtemp(join(tmpdir(), "bowline-mosquitto-")), secure);
    // It may run under a user of its own, who must get in.
    await chmod(one.folder, 0o755);
    await one.makeFiles();
    // It cannot choose free ports itself, and between our look and its start another may take one.
    for (let attempt = 1; ; attempt++) {
      try {
        await one.writeConfig();
        await one.startOnce();
        return one;
      } catch (error) {
        if (attempt === 5) throw error;
      }
    }
  }

  url(scheme: MosquittoScheme): string {
    return `${scheme}://localhost:${this.ports[scheme]}`;
  }

  get caFile(): string {
    return join(this.folder, "ca.pem");
  }

  /** With the same ports and what it kept. */
  startAgain(): Promise<void> {
    return whilePortsAreTaken(() => this.startOnce());
  }

  private async startOnce(): Promise<void> {
    const child = spawn(programPath("mosquitto") ?? "mosquitto", ["-c", join(this.folder, "mosquitto.conf")]);
    this.child = child;
    this.exited = new Promise((resolve) => child.once("close", () => resolve()));
    await new Promise<void>((resolve, reject) => {
      let log = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        log += text;
        if (/mosquitto version \S+ running/.test(log)) resolve();
      });
      child.once("error", reject);
      child.once("close", (code) => reject(new Error(`mosquitto ended with ${code}:\n${log}`)));
    });
  }

  /** Adds a user or changes one, and resolves when it is heeded: those that are connected stay. */
  setPassword(username: string, password: string): Promise<void> {
    // One after the other: each writes the whole file.
    this.changing = this.changing.then(() => this.changePassword(username, password));
    return this.changing;
  }

  private async changePassword(username: string, password: string): Promise<void> {
    await run(programPath("mosquitto_passwd") ?? "mosquitto_passwd", ["-b", join(this.folder, "passwords"), username, password]);
    const read = new Promise<void>((resolve) => {
      this.child?.stderr?.on("data", (text: string) => /Reloading config/.test(text) && resolve());
    });
    this.child?.kill("SIGHUP");
    await read;
  }

  /** Ends it in order, so that it keeps its sessions. */
  async stop(): Promise<void> {
    this.child?.kill("SIGTERM");
    await this.exited;
  }

  async remove(): Promise<void> {
    this.child?.kill("SIGKILL");
    await this.exited;
    await rm(this.folder, { recursive: true, force: true });
  }

  private async makeFiles(): Promise<void> {
    const authority = await openLocalCa({ folder: this.folder });
    await chmod(this.folder, 0o755);
    this.ca = authority.certificate;
    const { certificate, privateKey } = await authority.issue(["localhost"]);
    await writeFile(join(this.folder, "cert.pem"), certificate);
    await writeFile(join(this.folder, "key.pem"), privateKey);
    await writeFile(join(this.folder, "psk"), `${this.psk.identity}:${this.psk.key}\n`);
    const passwords = join(this.folder, "passwords");
    await run(programPath("mosquitto_passwd") ?? "mosquitto_passwd", [
      "-b",
      "-c",
      passwords,
      this.user.username,
      this.user.password,
    ]);
  }

  private async writeConfig(): Promise<void> {
    this.ports = await freePorts();
    const inFolder = (line: string): string => line.replace(/^(\w+file) /, `$1 ${this.folder}/`);
    const certificates = ["cafile ca.pem", "certfile cert.pem", "keyfile key.pem"];
    const isByPsk = this.secure.some((line) => line.startsWith("psk_file "));
    const listeners = SCHEMES.flatMap((scheme) => [
      // Its WebSocket listeners know interfaces by name, and take any address for all of them.
      `listener ${this.ports[scheme]} ${scheme.startsWith("ws") ? "lo" : "localhost"}`,
      ...(scheme.startsWith("ws") ? ["protocol websockets"] : []),
      ...(scheme === "wss" || (scheme === "mqtts" && !isByPsk) ? certificates.map(inFolder) : []),
      ...(scheme === "mqtts" ? this.secure.map(inFolder) : []),
    ]);
    const lines = [
      ...(process.getuid?.() === 0 ? ["user root"] : []),
      "log_dest stderr",
      "persistence true",
      `persistence_location ${this.folder}/`,
      "allow_anonymous false",
      `password_file ${this.folder}/passwords`,
      "max_queued_messages 0",
      ...listeners,
    ];
    await writeFile(join(this.folder, "mosquitto.conf"), `${lines.join("\n")}\n`);
  }
}

async function freePorts(): Promise<Record<MosquittoScheme, number>> {
  const servers = SCHEMES.map(() => createServer().listen(0, "localhost"));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.once("listening", resolve))));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return Object.fromEntries(SCHEMES.map((scheme, i) => [scheme, ports[i]])) as Record<MosquittoScheme, number>;
}
