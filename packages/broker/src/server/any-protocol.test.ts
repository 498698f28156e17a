import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { type Client, connect } from "@bowline/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadConfig } from "../config/load-config.ts";
import { silentLogger } from "../log/logger.ts";
import { type Server, startServer } from "./start-server.ts";

/* One port for TLS, MQTT, WebSocket and HTTP together. */

/** MQTT 5.0, Clean Start, no Client Identifier. */
const CONNECT = Buffer.from("100d00044d5154540502003c000000", "hex");

let folder = "";
let server: Server;
let port = 0;
let strictPort = 0;
let ca = "";
const clients = new Set<Client>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bowline-any-"));
  const listen = [{ url: "wss://localhost:0/mqtt", anyProtocol: true }, "wss://localhost:0/mqtt"];
  const config = await loadConfig({
    directory: folder,
    overrides: { data: "data", memory: true, anonymous: true, console: false, listen, limits: { maximumPacketSize: 1_048_576 } },
  });
  server = await startServer({ config, logger: silentLogger, version: "0.0.0" });
  [port = 0, strictPort = 0] = server.listeners.map((url) => Number(new URL(url.replace("wss", "https")).port));
  ca = server.localCa?.certificate ?? "";
});
afterAll(async () => {
  for (const each of clients) void each.abort();
  await server.close();
  await rm(folder, { recursive: true });
});

test.each([
  ["mqtts", "tls"],
  ["wss", "wss"],
  ["mqtt", "tcp"],
  ["ws", "ws"],
])("[D6 broker] %s clients come in by it, as %s", async (scheme, transport) => {
  const made = connect(`${scheme}://localhost:${port}${scheme.startsWith("ws") ? "/mqtt" : ""}`, {
    reconnect: false,
    session: { clientId: `by-${scheme}` },
    ...(scheme.endsWith("s") && scheme !== "ws" ? { tls: { ca } } : {}),
  });
  clients.add(made);
  await made.online();
  const arrivals = [...server.broker.connections()].map(({ arrival, session }) => [session?.clientIdentifier, arrival.transport]);
  expect(arrivals).toContainEqual([`by-${scheme}`, transport]);
  // More than one read, over whatever is between.
  const large = "x".repeat(200_000);
  const echo = made.subscribe(`echo/${scheme}`, { qos: 1 });
  await echo.ready;
  await made.publish(`echo/${scheme}`, large, { qos: 1 });
  for await (const message of echo) {
    expect(message.text()).toBe(large);
    break;
  }
});

async function secured(options: { ALPNProtocols?: string[] } = {}): Promise<TLSSocket> {
  const socket = connectTls({ port, host: "127.0.0.1", servername: "localhost", ca, ...options });
  socket.on("error", () => {});
  await once(socket, "secureConnect");
  return socket;
}

test.each([
  [["mqtt"], "mqtt"],
  [["h2", "http/1.1"], "http/1.1"],
  [undefined, false],
] as const)("ALPN %j is answered %s", async (offered, chosen) => {
  const socket = await secured(offered === undefined ? {} : { ALPNProtocols: [...offered] });
  expect(socket.alpnProtocol).toBe(chosen);
  socket.destroy();
});

test("without ALPN the first bytes inside of TLS decide, however they are cut", async () => {
  const mqtt = await secured();
  mqtt.write(CONNECT.subarray(0, 1));
  mqtt.write(CONNECT.subarray(1));
  const [connack] = (await once(mqtt, "data")) as [Buffer];
  expect(connack[0]).toBe(0x20);
  mqtt.destroy();
  const http = await secured();
  http.write("G");
  await new Promise((resolve) => setImmediate(resolve));
  http.write("ET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const [answer] = (await once(http, "data")) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 404 /);
  http.destroy();
});

test.each([
  ["http", httpRequest],
  ["https", httpsRequest],
] as const)("%s requests are answered", async (_scheme, request) => {
  const sent = request({ port, host: "localhost", path: "/", ca, agent: false });
  sent.end();
  const [response] = (await once(sent, "response")) as [{ statusCode: number; resume(): void }];
  response.resume();
  expect(response.statusCode).toBe(404);
});

test("[D6 broker] what is none of these is refused, and the other port still takes TLS alone", async () => {
  const ssh = connectTcp(port, "127.0.0.1");
  ssh.on("error", () => {}).write("SSH-2.0-OpenSSH_9.2\r\n");
  await once(ssh.resume(), "close");
  const plain = connectTcp(strictPort, "127.0.0.1");
  plain.on("error", () => {}).write(CONNECT);
  const [alert] = (await once(plain, "data")) as [Buffer];
  // A TLS alert: the port speaks TLS.
  expect(alert[0]).toBe(0x15);
  plain.destroy();
});

test("only ws and wss listeners can, and the file is told where it says otherwise", async () => {
  const overrides = { listen: [{ url: "mqtts://localhost:0", anyProtocol: true }] };
  await expect(loadConfig({ directory: folder, overrides })).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringContaining("anyProtocol belongs to ws:// and wss://") as string,
  });
});
