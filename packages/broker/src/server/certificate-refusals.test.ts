import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { expect, test } from "vitest";
import { loadConfig } from "../config/load-config.ts";
import { createLogger } from "../log/logger.ts";
import type { CertificateMaterial } from "../tls/certificate-files.ts";
import { openLocalCa } from "../tls/local-ca.ts";
import { startServer } from "./start-server.ts";

/** MQTT 5.0, Clean Start, no Client Identifier. */
const CONNECT = Buffer.from("100d00044d5154540502003c000000", "hex");

test("where a certificate is optional, the log says why one was not accepted", async () => {
  const folder = await mkdtemp(join(tmpdir(), "bowline-refusals-"));
  const [ours, theirs] = [
    await openLocalCa({ folder: join(folder, "ours") }),
    await openLocalCa({ folder: join(folder, "theirs") }),
  ];
  await writeFile(join(folder, "clients.pem"), ours.certificate);
  const config = await loadConfig({
    directory: folder,
    overrides: {
      memory: true,
      data: "data",
      console: false,
      listen: ["mqtts://127.0.0.1:0"],
      tls: { clientCa: "clients.pem" },
      authentication: [{ kind: "certificate" }],
    },
  });
  const lines: string[] = [];
  const write = (line: string): void => void (line.includes("client refused") && lines.push(line));
  const server = await startServer({
    config,
    logger: createLogger({ level: "info", format: "json", destination: { write } }),
    version: "0.0.0",
  });
  const visit = (who: CertificateMaterial | undefined): Promise<unknown> =>
    new Promise((resolve) => {
      const port = Number(new URL((server.listeners[0] ?? "").replace("mqtts", "http")).port);
      const own = who === undefined ? {} : { cert: who.certificate, key: who.privateKey };
      const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ...own }, () => socket.write(CONNECT));
      socket.on("data", () => {}).on("close", resolve);
    });
  try {
    await visit(await theirs.issue(["device.localhost"], "client"));
    await visit(undefined);
  } finally {
    await server.close();
    await rm(folder, { recursive: true });
  }
  const [stranger, nobody] = lines;
  expect(stranger).toMatch(/anonymous clients are not allowed; its certificate is not accepted \([A-Z_]+\)/);
  expect(nobody).toMatch(/anonymous clients are not allowed"/);
});
