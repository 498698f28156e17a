import { request as httpRequest } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import { type Client, connect } from "@bowline/client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadConfig } from "../config/load-config.ts";
import { silentLogger } from "../log/logger.ts";
import { type Server, startServer } from "./start-server.ts";

/* Bans and kicks of a running broker, over real sockets and its admin API. */

let folder = "";
let server: Server;
const clients = new Set<Client>();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bowline-bans-"));
  await start();
  await server.users.add("default", "ann", "secret");
});
afterEach(async () => {
  for (const each of clients) void each.abort();
  clients.clear();
  await server.close();
  await rm(folder, { recursive: true });
});

async function start(): Promise<void> {
  const overrides = {
    data: "data",
    console: false as const,
    listen: ["mqtt://127.0.0.1:0", "mqtts://127.0.0.1:0"],
    metrics: { sysInterval: 0 },
  };
  server = await startServer({ config: await loadConfig({ directory: folder, overrides }), logger: silentLogger, version: "1" });
}

function admin(method: string, path: string, value?: unknown): Promise<{ status: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json" };
    const sent = httpRequest({ socketPath: server.folder.adminSocket, method, path: `/api/v1/${path}`, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text === "" ? undefined : JSON.parse(text) }));
    });
    sent.on("error", reject).end(value === undefined ? undefined : JSON.stringify(value));
  });
}

function client(clientId: string, options: Parameters<typeof connect>[1] = {}): Client {
  const credentials = { username: "ann", password: "secret" };
  const made = connect(server.listeners[0] ?? "", { reconnect: false, credentials, session: { clientId }, ...options });
  made.on("attemptFailed", () => {});
  clients.add(made);
  return made;
}

const lossOf = (made: Client): Promise<{ reasonCode?: number | undefined }> =>
  new Promise((resolve) => {
    made.on("connectionLost", resolve);
  });

test("a kick ends the connections that are meant with 0x98, and they may come back", async () => {
  const [one, other] = [client("one"), client("other")];
  await Promise.all([one.online(), other.online()]);
  const lost = lossOf(one);
  expect(await admin("POST", "kick", { kind: "client", value: "one" })).toEqual({ status: 200, body: { connections: 1 } });
  expect(await lost).toMatchObject({ reasonCode: 0x98 });
  await client("one").online();
  expect(await admin("POST", "kick", { kind: "address", value: "127.0.0.0/8" })).toMatchObject({ body: { connections: 2 } });
  expect(await admin("POST", "kick", { kind: "address", value: "here" })).toMatchObject({ status: 400 });
});

test("a ban ends connections and keeps them out, also after a restart, until it is lifted", async () => {
  const one = client("one");
  await one.online();
  const lost = lossOf(one);
  expect(await admin("POST", "bans", { kind: "user", value: "ann", reason: "left" })).toEqual({
    status: 201,
    body: { connections: 1 },
  });
  expect(await lost).toMatchObject({ reasonCode: 0x98 });
  await expect(client("one").online()).rejects.toMatchObject({ code: "BANNED" });
  await expect(client("one", { protocolVersion: 4 }).online()).rejects.toMatchObject({ code: "NOT_AUTHORIZED" });
  await server.close();
  await start();
  await expect(client("one").online()).rejects.toMatchObject({ code: "BANNED" });
  expect(server.broker.counters.loginsBanned).toBe(1);
  expect(await admin("GET", "bans")).toMatchObject({ body: { bans: [{ kind: "user", value: "ann", reason: "left" }] } });
  expect(await admin("DELETE", "bans/user/ann")).toMatchObject({ status: 204 });
  expect(await admin("DELETE", "bans/user/ann")).toMatchObject({ status: 404 });
  await client("one").online();
  expect(server.rules.list("default")).toEqual([]);
});

test("a banned address is refused by TLS before the handshake, and without TLS by 0x8A; other addresses come in", async () => {
  expect((await admin("POST", "bans", { kind: "address", value: "127.0.0.77" })).status).toBe(201);
  const ca = server.localCa?.certificate ?? "";
  const port = Number(new URL(server.listeners[1] ?? "").port);
  const dial = (localAddress: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = connectTls({ socket: connectTcp({ port, host: "127.0.0.1", localAddress }), servername: "localhost", ca });
      socket.once("error", (error) => resolve(error.message)).once("secureConnect", () => resolve("in"));
      socket.once("secureConnect", () => socket.destroy());
    });
  expect(await dial("127.0.0.77")).toMatch(/alert access denied/i);
  expect(await dial("127.0.0.1")).toBe("in");
  expect(
    await client("plain", { socket: { localAddress: "127.0.0.77" } })
      .online()
      .catch((error: unknown) => error),
  ).toMatchObject({
    reasonCode: 0x8a,
  });
  expect((await admin("DELETE", "bans/address/127.0.0.77")).status).toBe(204);
  expect(await dial("127.0.0.77")).toBe("in");
});
