import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger, loadConfig, type Server, startServer } from "@bowline/broker";

/** A real server whose clients a custom authorizer decides about. */
export interface AuthorizerServer {
  /** `ws://HOST:PORT/mqtt` */
  readonly ws: string;
  /** `mqtt://HOST:PORT` */
  readonly mqtt: string;
  readonly server: Server;
  /** Lines of the log, as JSON. */
  readonly lines: readonly string[];
  /** Replaces the handler's text, as an editor does. */
  save(handler: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * @param handler Text of the module.
 * @param more Of the authorizer's configuration.
 */
export async function startAuthorizerServer(handler: string, more: object = {}): Promise<AuthorizerServer> {
  const folder = await mkdtemp(join(tmpdir(), "bowline-authorizer-"));
  const save = (text: string): Promise<void> => writeFile(join(folder, "authorizer.mjs"), text);
  await save(handler);
  const lines: string[] = [];
  const logger = createLogger({ level: "info", format: "json", destination: { write: (line: string) => void lines.push(line) } });
  const config = await loadConfig({
    directory: folder,
    overrides: {
      data: "data",
      console: false,
      metrics: { sysInterval: 0 },
      listen: ["ws://127.0.0.1:0/mqtt", "mqtt://127.0.0.1:0"],
      authentication: [
        { kind: "custom-authorizer", file: "authorizer.mjs", isDefault: true, processes: 1, explainRefusals: true, ...more },
        { kind: "password" },
      ],
    },
  });
  const server = await startServer({ config, logger, version: "0.0.0" });
  const [ws = "", mqtt = ""] = server.listeners;
  return {
    ws,
    mqtt,
    server,
    lines,
    save,
    close: async () => {
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
}
