import type { BrokerConfigInput } from "../config/broker-config.ts";
import { loadConfig } from "../config/load-config.ts";
import { silentLogger } from "../log/logger.ts";
import { type Server, type ServerOptions, startServer } from "./start-server.ts";

/** What `createBroker` takes: the keys of the configuration file, and what only a program has. */
export type CreateBrokerOptions = BrokerConfigInput &
  Pick<ServerOptions, "authenticationMethods" | "consoleFiles" | "redirect" | "rules"> & {
    /** Default: nothing is logged. */
    logger?: ServerOptions["logger"];
    /** What relative paths start from. Default: the process's folder. */
    directory?: string;
    /** Told to whoever asks for the status. */
    version?: string;
  };

/**
 * A broker within a program: in a test, in an Electron app. It listens when the promise resolves. Certificates and keys go to the folder
 * `data`, `./.bowline` unless it is given, with `memory` too.
 *
 * ```ts
 * const broker = await createBroker({
 *   memory: true,
 *   console: false,
 *   listen: ["mqtt://127.0.0.1:0"],
 *   authentication: [{ kind: "function", authenticate: ({ username }) => (username === "ann" ? { owner: "ann" } : "deny") }],
 * });
 * const [url] = broker.listeners;
 * await broker.close();
 * ```
 *
 * @throws MqttError as `loadConfig` and `startServer` do
 */
export async function createBroker(options: CreateBrokerOptions = {}): Promise<Server> {
  const { authenticationMethods, consoleFiles, redirect, rules, directory, ...others } = options;
  const { logger = silentLogger, version = "embedded", ...overrides } = others;
  const config = await loadConfig({ overrides, ...(directory === undefined ? {} : { directory }) });
  return startServer({
    config,
    logger,
    version,
    rules,
    consoleFiles,
    ...(authenticationMethods === undefined ? {} : { authenticationMethods }),
    ...(redirect === undefined ? {} : { redirect }),
  });
}
