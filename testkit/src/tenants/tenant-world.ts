import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, connect } from "@bowline/client";
import { type BrokerConfig, type BrokerConfigInput, createLogger, loadConfig, type Server, startServer } from "@bowline/broker";

/** Both have the same users with passwords of their own, and may do everything. */
export const USERS: readonly string[] = ["ann", "bob"];

/** Every name leads to this machine, whether its resolver knows it or not. */
const toLoopback = ((_name: string, options: { all?: boolean }, answer: (...all: unknown[]) => void) => {
  if (options.all === true) answer(null, [{ address: "127.0.0.1", family: 4 }]);
  else answer(null, "127.0.0.1", 4);
}) as never;

/** A broker of several tenants in this process, with its log and the admin API. */
export class TenantWorld {
  readonly folder: string;
  readonly names: readonly string[];
  /** Lines of its log. */
  readonly log: Record<string, unknown>[] = [];
  server!: Server;
  private changes: BrokerConfigInput;

  private constructor(folder: string, names: readonly string[], changes: BrokerConfigInput) {
    this.folder = folder;
    this.names = names;
    this.changes = changes;
  }

  /** @param changes What else the configuration says. */
  static async start(names: readonly string[], changes: BrokerConfigInput = {}): Promise<TenantWorld> {
    const world = new TenantWorld(await mkdtemp(join(tmpdir(), "bowline-world-")), names, changes);
    await world.open();
    for (const name of names) await world.make(name);
    return world;
  }

  /** One more tenant. */
  async make(name: string): Promise<void> {
    await this.server.tenants.create({ name });
    await this.server.rules.add(name, { permission: "allow", action: "both", topics: ["#", "$SYS/#"] });
    await Promise.all(USERS.map((user) => this.server.users.add(name, user, this.password(name, user))));
  }

  /** Puts another configuration in force; rejects when it does not. */
  async reload(changes: BrokerConfigInput): Promise<void> {
    await this.server.reload(await this.config(changes));
    this.changes = changes;
  }

  password(tenant: string, user: string): string {
    return `${tenant}-${user}`;
  }

  url(scheme: string, tenant: string): string {
    return this.server.listeners.find((url) => url.startsWith(`${scheme}:`))!.replace("127.0.0.1", `${tenant}.localhost`);
  }

  /** A client that is still to come online. */
  dial(scheme: string, tenant: string, user: string, options: Parameters<typeof connect>[1] = {}): Client {
    return connect(this.url(scheme, tenant), {
      reconnect: false,
      credentials: { username: user, password: this.password(tenant, user) },
      tls: { ca: this.server.localCa!.certificate },
      socket: { lookup: toLoopback },
      ...options,
    });
  }

  /** The broker stops and starts again, with what it has kept. */
  async restart(): Promise<void> {
    await this.server.close();
    await this.open();
  }

  async end(): Promise<void> {
    await this.server.close();
    await rm(this.folder, { recursive: true });
  }

  private config(changes: BrokerConfigInput): Promise<BrokerConfig> {
    const overrides: BrokerConfigInput = {
      data: "data",
      console: false,
      listen: ["mqtts://127.0.0.1:0", "wss://127.0.0.1:0/mqtt"],
      admin: { listen: "http://127.0.0.1:0" },
      limits: { connectionsPerSecondPerAddress: 0, handshakesPerSecondPerAddress: 0 },
      metrics: { sysInterval: 1, open: true, maximumTenants: 1_000 },
      ...changes,
    };
    return loadConfig({ directory: this.folder, overrides });
  }

  private async open(): Promise<void> {
    const destination = { write: (line: string) => void this.log.push(JSON.parse(line) as Record<string, unknown>) };
    const logger = createLogger({ level: "debug", format: "json", destination });
    this.server = await startServer({ config: await this.config(this.changes), logger, version: "1" });
  }
}
