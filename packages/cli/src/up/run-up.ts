import { existsSync } from "node:fs";
import {
  type BrokerConfig,
  createLogger,
  loadConfigFiles,
  type LoadedConfig,
  type Logger,
  type Server,
  startServer,
} from "@bowline/broker/internal";
import type { CommandLine } from "../command-line.ts";
import { ExitCode } from "../exit-code.ts";
import { interruption } from "../interruption.ts";
import { loadUserModule } from "../user-module/load-user-module.ts";
import { readVersion } from "../version.ts";
import { type Announcement, announcement, loggedAnnouncement, newcomerUrl, readyLine } from "./announcement.ts";
import { ensureFirstUser } from "./first-user.ts";
import { authorizerOverride, upOverrides } from "./up-options.ts";

/** The whole end takes about a second; when it takes longer, something of ours hangs and must not hold the machine's shutdown. */
const CLOSE_DEADLINE_MS = 1_900;

/** Runs a broker until a signal ends it. */
export async function runUp(line: CommandLine): Promise<number> {
  outliveOutput();
  const load = (): Promise<LoadedConfig> => loadAsAsked(line);
  const { config, files } = await load();
  const logger = createLogger({
    level: config.log.level,
    ...(config.log.format === undefined ? {} : { format: config.log.format }),
    hide: config.log.hide,
  });
  const { interrupted, stop } = waitForSignal();
  const server = await startServer({
    config,
    logger,
    version: readVersion(),
    consoleFiles: consoleFiles(),
    // The first user gets one by name; everybody else waits for a rule of theirs.
    rules: [],
    loadConfig: load,
    configFiles: files,
    loadUserModule,
    examine: async (url, options) => (await import("@bowline/doctor")).examine(url, options),
  });
  const unhook = reloadAtHangup(server);
  await greet(line, server, config, logger);
  const signal = await interrupted;
  unhook();
  const exitCode = await closeInTime(server, logger, signal);
  stop();
  return exitCode;
}

/** A broker goes on when nobody reads any more what it says, or when the disk is full that this goes to. */
function outliveOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.removeAllListeners("error").on("error", () => {});
}

/** The same file and the same flags at the start and at each reload; the flags win. */
async function loadAsAsked(line: CommandLine): Promise<LoadedConfig> {
  const { loadConfigModule } = await import("../config/load-config-module.ts");
  const overrides = { ...upOverrides(line), ...(await authorizerOverride(line)) };
  return loadConfigFiles({ file: line.text("config"), overrides, loadModule: loadConfigModule });
}

/** SIGHUP reads the configuration anew. What goes wrong is in the log, and the old one stays in force. */
function reloadAtHangup(server: Server): () => void {
  const reload = (): void => void server.reload().catch(() => {});
  process.on("SIGHUP", reload);
  return () => void process.off("SIGHUP", reload);
}

/** Asked for before the start, so that a signal during it ends the command cleanly right after. */
function waitForSignal(): { interrupted: Promise<NodeJS.Signals>; stop: () => void } {
  let stop = (): void => {};
  const interrupted = new Promise<NodeJS.Signals>((resolve) => {
    ({ stop } = interruption(resolve));
  });
  return { interrupted, stop };
}

async function greet(line: CommandLine, server: Server, config: BrokerConfig, logger: Logger): Promise<void> {
  const user = await ensureFirstUser(server, newcomerUrl(server.listeners), config.memory);
  const facts: Announcement = {
    version: readVersion(),
    listeners: server.listeners,
    consoleOrigin: server.consoleOrigin,
    adminOrigin: server.adminOrigin,
    signInLink: server.signInLink(),
    dataFolder: config.data,
    isMemory: config.memory,
    isAnonymous: config.anonymous,
    authorizer: line.text("authorizer"),
    ca: server.localCa?.certificateFile,
    user,
    command: process.env["npm_config_user_agent"] === undefined ? "bowline" : "npx bowline",
  };
  // Who asks for JSON has a collector read it: that takes lines of JSON alone, and must keep no password.
  if (config.log.format === "json") logger.info(loggedAnnouncement(facts), "running");
  else process.stderr.write(announcement(facts));
  process.stdout.write(readyLine(server.listeners, server.consoleOrigin, server.adminOrigin));
}

async function closeInTime(server: Server, logger: Logger, signal: NodeJS.Signals): Promise<number> {
  logger.info({ signal }, "ending");
  const closed = server.close().then(
    () => ExitCode.Well,
    (error: unknown) => {
      logger.error({ error }, "the end was not clean");
      return ExitCode.Failed;
    },
  );
  const deadline = new Promise<number>((resolve) => {
    setTimeout(() => {
      logger.error({}, "the end took too long and was cut short");
      resolve(ExitCode.Failed);
    }, CLOSE_DEADLINE_MS).unref();
  });
  return Promise.race([closed, deadline]);
}

/** The console's built files, which its package brings; absent while that is not built. */
function consoleFiles(): string | undefined {
  const manifest = new URL(import.meta.resolve("@bowline/console/package.json"));
  const folder = new URL("dist/", manifest);
  return existsSync(new URL("index.html", folder)) ? decodeURIComponent(folder.pathname) : undefined;
}
