import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrokerConfigInput, loadConfig, type Server, silentLogger, startServer } from "@bowline/broker/internal";

/** A broker of ours in this process, on the loopback, in memory and without users. */
export class LocalServer {
  readonly server: Server;
  private readonly folder: string;

  private constructor(server: Server, folder: string) {
    this.server = server;
    this.folder = folder;
  }

  static async start(overrides: BrokerConfigInput = {}): Promise<LocalServer> {
    const folder = await mkdtemp(join(tmpdir(), "bowline-local-"));
    const config = await loadConfig({
      directory: folder,
      overrides: { data: "data", memory: true, listen: ["mqtt://127.0.0.1:0"], anonymous: true, console: false, ...overrides },
    });
    return new LocalServer(await startServer({ config, logger: silentLogger, version: "0.0.0" }), folder);
  }

  get url(): string {
    return this.server.listeners[0]!;
  }

  get address(): { host: string; port: number } {
    const { hostname, port } = new URL(this.url);
    return { host: hostname, port: Number(port) };
  }

  async close(): Promise<void> {
    await this.server.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
