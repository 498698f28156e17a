import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrokerConfigInput } from "../config/broker-config.ts";
import { loadConfig } from "../config/load-config.ts";
import { createLogger, silentLogger } from "../log/logger.ts";
import { checkProgramOptions } from "./check-program-options.ts";
import { CloseStack } from "./close-stack.ts";
import { type Server, type ServerOptions, startOn } from "./start-server.ts";

/** What `createBroker` takes: the keys of the configuration file, and what only a program has. */
export type CreateBrokerOptions = BrokerConfigInput &
  Pick<ServerOptions, "authenticationMethods" | "consoleFiles" | "redirect" | "rules"> & {
    /** Takes the log in place of standard error. Default: with `log` standard error, else nothing is logged. */
    logger?: ServerOptions["logger"];
    /** Folder that relative paths start from. Default: the process's. */
    directory?: string;
    /** Told to whoever asks for the status. Default: `embedded`. */
    version?: string;
  };

/**
 * A broker within a program: in a test, in an Electron app. It listens when the promise resolves. Certificates and keys go to the folder
 * `data`. Unless it is given, that is `./.bowline`, and with `memory` a temporary one that `close()` removes.
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
 * @throws MqttError OPTION_INVALID, and as `loadConfig` and `startServer` do
 */
export async function createBroker(options: CreateBrokerOptions = {}): Promise<Server> {
  checkProgramOptions(options);
  const { authenticationMethods, consoleFiles, redirect, rules, directory, ...others } = options;
  const { logger: given, version = "embedded", ...overrides } = others;
  const loaded = await loadConfig({ overrides, ...(directory === undefined ? {} : { directory }) });
  // Who says how the log is to be wants one.
  const logger = given ?? (overrides.log === undefined ? silentLogger : createLogger(loaded.log));
  const closers = new CloseStack();
  // Tests that run side by side have one working folder, and nothing of a broker in memory is to stay in it.
  const isPassing = loaded.memory && overrides.data === undefined;
  const config = isPassing ? { ...loaded, data: await temporaryFolder(closers) } : loaded;
  return startOn(closers, {
    config,
    logger,
    version,
    rules,
    consoleFiles,
    ...(authenticationMethods === undefined ? {} : { authenticationMethods }),
    ...(redirect === undefined ? {} : { redirect }),
  });
}

async function temporaryFolder(closers: CloseStack): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "bowline-"));
  closers.push(() => rm(path, { recursive: true, force: true }));
  return path;
}
