import { existsSync } from "node:fs";
import { createLogger, type BrokerConfig, type Logger, type Server, startServer } from "@bowline/broker/internal";
import type { CommandLine } from "../command-line.ts";
import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { interruption } from "../interruption.ts";
import { announcement, newcomerUrl, readyLine } from "../up/announcement.ts";
import { ensureFirstUser } from "../up/first-user.ts";
import { resolveUpOptions, UP_OPTIONS } from "../up/up-options.ts";
import { readVersion } from "../version.ts";

/** The whole end takes about a second; when it takes longer, something of ours hangs and must not hold the machine's shutdown. */
const CLOSE_DEADLINE_MS = 1_900;

export const up: Command = {
  usage: ["bowline up [--data DIR | --memory] [--listen URL] ..."],
  description: [
    "Starts a broker: mqtts://localhost:8883, wss://localhost:8084/mqtt and a console on https://localhost:18084, with certificates",
    "of a local authority and a first user, both made at the first start. When it is ready it prints one line that begins with",
    "`ready` on standard output; logs go to standard error. Ctrl-C or SIGTERM ends it cleanly, a second one at once.",
  ].join("\n"),
  options: UP_OPTIONS,
  examples: [
    "bowline up",
    "bowline up --memory --listen mqtt://localhost:1883 --anonymous --no-console",
    "bowline up --config bowline.yaml --log-level debug",
  ],
  run,
};

async function run(line: CommandLine): Promise<number> {
  const config = await resolveUpOptions(line);
  const logger = createLogger({
    level: config.log.level,
    ...(config.log.format === undefined ? {} : { format: config.log.format }),
  });
  const { interrupted, stop } = waitForSignal();
  const server = await startServer({ config, logger, version: readVersion(), consoleFiles: consoleFiles() });
  await greet(server, config);
  const signal = await interrupted;
  const exitCode = await closeInTime(server, logger, signal);
  stop();
  return exitCode;
}

/** Asked for before the start, so that a signal during it ends the command cleanly right after. */
function waitForSignal(): { interrupted: Promise<NodeJS.Signals>; stop: () => void } {
  let stop = (): void => {};
  const interrupted = new Promise<NodeJS.Signals>((resolve) => {
    ({ stop } = interruption(resolve));
  });
  return { interrupted, stop };
}

async function greet(server: Server, config: BrokerConfig): Promise<void> {
  const user = await ensureFirstUser(server, newcomerUrl(server.listeners));
  process.stderr.write(
    announcement({
      version: readVersion(),
      listeners: server.listeners,
      consoleOrigin: server.consoleOrigin,
      signInLink: server.signInLink(),
      dataFolder: config.data,
      isMemory: config.memory,
      isAnonymous: config.anonymous,
      ca: server.localCa?.certificateFile,
      user,
      command: process.env["npm_config_user_agent"] === undefined ? "bowline" : "npx bowline",
    }),
  );
  process.stdout.write(readyLine(server.listeners, server.consoleOrigin));
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
