import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrokerConfigInput, loadConfig, type Server, startServer } from "@bowline/broker";
import { silentLogger } from "@bowline/broker/internal";

/** Our broker in this process, with a listener of each kind and without users. */
export class LocalBroker {
  readonly folder: string;
  readonly server: Server;

  private constructor(folder: string, server: Server) {
    this.folder = folder;
    this.server = server;
  }

  static async start(): Promise<LocalBroker> {
    const folder = await mkdtemp(join(tmpdir(), "bowline-local-"));
    const listen = ["mqtt://127.0.0.1:0", "mqtts://localhost:0", "ws://127.0.0.1:0/mqtt", "wss://localhost:0/mqtt"];
    const overrides: BrokerConfigInput = { data: "data", memory: true, listen, console: false, anonymous: true };
    const config = await loadConfig({ directory: folder, overrides });
    return new LocalBroker(folder, await startServer({ config, logger: silentLogger, version: "0.0.0" }));
  }

  get ca(): string {
    return this.server.localCa?.certificate ?? "";
  }

  /** By name, which a proxy has to resolve where it is not resolved here. */
  url(scheme: string): string {
    return (this.server.listeners.find((url) => url.startsWith(`${scheme}:`)) ?? "").replace("127.0.0.1", "localhost");
  }

  port(scheme: string): number {
    return Number(new URL(this.url(scheme).replace(/^\w+/, "http")).port);
  }

  async stop(): Promise<void> {
    await this.server.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
