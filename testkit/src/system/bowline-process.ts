import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { whilePortsAreTaken } from "./while-ports-are-taken.ts";

const command = fileURLToPath(new URL("../../../packages/cli/dist/main.js", import.meta.url));

/** What the first start wrote for its user. */
export interface FirstUser {
  username: string;
  password: string;
}

/** The part of a connection's summary that tests look at. */
export interface ConnectionView {
  clientIdentifier: string;
  protocolVersion: number;
  subscriptions: number;
}

/** A real `bowline up` in a process and a data folder of its own. Needs the built packages. */
export class BowlineProcess {
  readonly folder: string;
  /** URLs of the `ready` line, in its order. */
  urls: string[] = [];
  /** Everything it wrote to stderr. */
  log = "";
  private readonly args: readonly string[];
  private readonly environment: Readonly<Record<string, string>>;
  private child: ChildProcessWithoutNullStreams | undefined;
  private exited: Promise<number | string> = Promise.resolve(0);

  private constructor(folder: string, args: readonly string[], environment: Readonly<Record<string, string>>) {
    this.folder = folder;
    this.args = args;
    this.environment = environment;
  }

  /** Starts in a new folder and waits for `ready`. Listeners on port 0 keep their first port when it is started again. */
  static start(...args: string[]): Promise<BowlineProcess> {
    return BowlineProcess.startIn({}, ...args);
  }

  /** The same with variables of the environment besides this process' own. */
  static async startIn(environment: Readonly<Record<string, string>>, ...args: string[]): Promise<BowlineProcess> {
    const one = new BowlineProcess(await mkdtemp(join(tmpdir(), "bowline-")), args, environment);
    await one.startAgain();
    return one;
  }

  get dataFolder(): string {
    return join(this.folder, "data");
  }

  get pid(): number {
    return this.child!.pid!;
  }

  /** Starts with the same folder and, after the first time, the same ports. */
  startAgain(): Promise<void> {
    return whilePortsAreTaken(() => this.startOnce());
  }

  private async startOnce(): Promise<void> {
    const listen = this.urls.length > 0 ? withPorts(this.args, this.urls) : this.args;
    const child = spawn(process.execPath, [command, "up", "--data", this.dataFolder, ...listen], {
      cwd: this.folder,
      env: { ...process.env, ...this.environment },
    });
    this.child = child;
    this.exited = new Promise((resolve) => child.once("exit", (code, signal) => resolve(code ?? signal ?? 0)));
    child.stderr.on("data", (chunk: Buffer) => {
      this.log += chunk.toString();
    });
    this.urls = await new Promise<string[]>((resolve, reject) => {
      createInterface({ input: child.stdout }).on("line", (line) => {
        if (line.startsWith("ready ")) resolve(line.split(" ").slice(1));
      });
      void this.exited.then((code) => reject(new Error(`bowline up ended with ${code} before it was ready:\n${this.log}`)));
    });
  }

  ca(): Promise<Buffer> {
    return readFile(join(this.dataFolder, "ca.pem"));
  }

  async user(): Promise<FirstUser> {
    const file = JSON.parse(await readFile(join(this.dataFolder, "first-user.json"), "utf8")) as FirstUser;
    // The file names an address too, which would win over the one a test connects to.
    return { username: file.username, password: file.password };
  }

  /** What its admin socket answers. */
  ask(path: string): Promise<string> {
    return new Promise<string>((resolve, reject) => {
      const asked = request({ socketPath: join(this.dataFolder, "admin.sock"), path }, (answer) => {
        let body = "";
        answer.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
        answer.on("end", () => resolve(body));
      });
      asked.on("error", reject).end();
    });
  }

  /** What the broker says of its connections. */
  async connections(): Promise<ConnectionView[]> {
    return (JSON.parse(await this.ask("/api/v1/connections")) as { connections: ConnectionView[] }).connections;
  }

  /** Resolves when that holds of the connections. Asked now and again, so that the broker has time for what is waited for. */
  async connectionsAre(wanted: (connections: ConnectionView[]) => boolean): Promise<void> {
    while (!wanted(await this.connections())) await sleep(5);
  }

  /** SIGKILL: no goodbye, no flush. */
  async kill(): Promise<void> {
    this.child?.kill("SIGKILL");
    await this.exited;
  }

  /** SIGTERM; answers the exit code or the signal that ended it. */
  async stop(): Promise<number | string> {
    this.child?.kill("SIGTERM");
    return await this.exited;
  }

  /** Ends it, whatever it does, and removes its folder. */
  async remove(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The same arguments with the listeners' ports as they were given out. */
function withPorts(args: readonly string[], urls: readonly string[]): string[] {
  let next = 0;
  return args.map((arg, index) => (args[index - 1] === "--listen" ? urls[next++]! : arg));
}
