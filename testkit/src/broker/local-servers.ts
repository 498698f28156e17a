import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type BrokerConfig,
  type BrokerConfigInput,
  createBroker,
  type CreateBrokerOptions,
  loadConfig,
  type Server,
} from "@bowline/broker";
import { type Client, type ConnectOptions, connect } from "@bowline/client";
import { afterEach, beforeEach } from "vitest";

const BASE: BrokerConfigInput = { data: "data", console: false, listen: ["mqtt://127.0.0.1:0"], metrics: { sysInterval: 0 } };

/**
 * Real servers over real sockets in this process, and real clients of them. Each test has a folder of its own, and all that it began is
 * ended behind it.
 */
export class LocalServers {
  /** The test's own. */
  folder = "";
  /** The one started last. */
  server!: Server;
  readonly #base: BrokerConfigInput;
  readonly #servers = new Set<Server>();
  readonly #clients = new Set<Client>();

  constructor(base: BrokerConfigInput) {
    this.#base = base;
  }

  async begin(): Promise<void> {
    this.folder = await mkdtemp(join(tmpdir(), "bowline-servers-"));
  }

  async end(): Promise<void> {
    await Promise.all([...this.#clients].map((each) => each.abort()));
    await Promise.all([...this.#servers].map((each) => each.close()));
    this.#clients.clear();
    this.#servers.clear();
    await rm(this.folder, { recursive: true });
  }

  /** Of these keys, and for the others of what all servers here have. */
  config(overrides: BrokerConfigInput = {}): Promise<BrokerConfig> {
    return loadConfig({ directory: this.folder, overrides: { ...BASE, ...this.#base, ...overrides } });
  }

  async start(options: CreateBrokerOptions = {}): Promise<Server> {
    this.server = await createBroker({ ...BASE, ...this.#base, directory: this.folder, version: "1.2.3", ...options });
    this.#servers.add(this.server);
    return this.server;
  }

  async close(server: Server = this.server): Promise<void> {
    this.#servers.delete(server);
    await server.close();
  }

  /** A client of the last server's first listener that tries once. */
  client(options: ConnectOptions = {}, url: string = this.server.listeners[0] ?? ""): Client {
    const tls = this.server.localCa === undefined ? {} : { tls: { ca: this.server.localCa.certificate } };
    const made = connect(url, { reconnect: false, ...tls, ...options });
    made.on("attemptFailed", () => {});
    this.#clients.add(made);
    return made;
  }

  async online(options: ConnectOptions = {}, url?: string): Promise<Client> {
    const made = this.client(options, url);
    await made.online();
    return made;
  }

  /** Asks the admin API of the last server on its socket. */
  admin(method: string, path: string, value?: unknown): Promise<{ status: number; body: unknown }> {
    return new Promise((resolve, reject) => {
      const headers = { "content-type": "application/json" };
      const asked = { socketPath: this.server.folder.adminSocket, method, path: `/api/v1/${path}`, headers, agent: false };
      const sent = request(asked, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text === "" ? undefined : JSON.parse(text) }));
      });
      sent.on("error", reject).end(value === undefined ? undefined : JSON.stringify(value));
    });
  }
}

/** For the tests of one file. */
export function localServers(base: BrokerConfigInput = {}): LocalServers {
  const servers = new LocalServers(base);
  beforeEach(() => servers.begin());
  afterEach(() => servers.end());
  return servers;
}

/** Why a client that was connected is no more. */
export function lossOf(client: Client): Promise<{ reasonCode?: number | undefined }> {
  return new Promise((resolve) => {
    client.on("connectionLost", resolve);
  });
}
