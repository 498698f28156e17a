import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { WebSocket } from "ws";
import { loadConfig } from "../config/load-config.ts";
import type { LimitsConfig } from "../config/limits-schema.ts";
import { silentLogger } from "../log/logger.ts";
import { type Server, startServer } from "./start-server.ts";

/* What the configuration limits, over real sockets: refused, counted in the metrics, and changed by a reload. */

/** MQTT 5.0, Clean Start, no Client Identifier. */
const CONNECT = Buffer.from("100d00044d5154540502003c000000", "hex");

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (let cleanup = cleanups.pop(); cleanup !== undefined; cleanup = cleanups.pop()) await cleanup();
});

async function configOf(directory: string, limits: Partial<LimitsConfig>) {
  return loadConfig({
    directory,
    overrides: {
      data: "data",
      memory: true,
      anonymous: true,
      console: false,
      admin: { listen: "http://127.0.0.1:0" },
      metrics: { open: true },
      listen: ["mqtt://127.0.0.1:0", "ws://127.0.0.1:0/mqtt"],
      limits,
    },
  });
}

async function serve(limits: Partial<LimitsConfig>): Promise<{ server: Server; directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), "bowline-limits-"));
  cleanups.push(() => rm(directory, { recursive: true }));
  const server = await startServer({ config: await configOf(directory, limits), logger: silentLogger, version: "0.0.0" });
  cleanups.push(() => server.close());
  return { server, directory };
}

function dial(server: Server): Socket {
  const socket = connect(Number(new URL(server.listeners[0]!.replace("mqtt", "http")).port), "127.0.0.1");
  cleanups.push(() => socket.destroy());
  socket.on("error", () => {});
  socket.write(CONNECT);
  return socket;
}

async function metric(server: Server, line: RegExp): Promise<string | undefined> {
  const text = await (await fetch(`${server.adminOrigin}/metrics`)).text();
  return text.split("\n").find((each) => line.test(each));
}

test("connections beyond maximumConnections are closed at once and counted, the admin API still answers, a reload lets more in", async () => {
  const { server, directory } = await serve({ maximumConnections: 1 });
  await once(dial(server), "data");
  await new Promise((resolve) => dial(server).once("close", resolve));
  expect(await metric(server, /^bowline_listener_refused_total\{.*cause="connectionLimit"/)).toMatch(/ 1$/);
  await server.reload(await configOf(directory, { maximumConnections: 2 }));
  await once(dial(server), "data");
});

test("what a stranger sends over WebSocket is held up to maximumConnectSize, and more is cut off and counted", async () => {
  const { server } = await serve({ maximumConnectSize: 1_024 });
  const stranger = new WebSocket(server.listeners[1]!, ["mqtt"]);
  cleanups.push(() => stranger.terminate());
  stranger.on("error", () => {});
  await once(stranger, "open");
  const closed = once(stranger, "close");
  // In fragments that never end a message.
  for (let count = 0; count < 100; count++) stranger.send(new Uint8Array(1_024), { fin: false });
  await closed;
  expect(await metric(server, /^bowline_listener_refused_total\{listener="ws:.*cause="messageTooLarge"/)).toMatch(/ 1$/);
});

test("who has not sent its CONNECT within connectTimeoutMs is closed", async () => {
  const { server } = await serve({ connectTimeoutMs: 100 });
  const socket = connect(Number(new URL(server.listeners[0]!.replace("mqtt", "http")).port), "127.0.0.1");
  cleanups.push(() => socket.destroy());
  socket.on("error", () => {});
  socket.write(CONNECT.subarray(0, 5));
  await new Promise((resolve) => socket.once("close", resolve));
  expect(await metric(server, /^bowline_connections_refused_total\{tenant="default"/)).toMatch(/ 1$/);
});
