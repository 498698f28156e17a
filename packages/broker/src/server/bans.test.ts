import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import { localServers, lossOf } from "@bowline/testkit/broker";
import type { Client, ConnectOptions } from "@bowline/client";
import { beforeEach, expect, test } from "vitest";

/* Bans and kicks of a running broker, over real sockets and its admin API. */

const servers = localServers({ listen: ["mqtt://127.0.0.1:0", "mqtts://127.0.0.1:0"] });
const admin: typeof servers.admin = (...asked) => servers.admin(...asked);

beforeEach(async () => {
  await servers.start();
  await servers.server.users.add("default", "ann", "secret");
});

function client(clientId: string, options: ConnectOptions = {}, url?: string): Client {
  return servers.client({ credentials: { username: "ann", password: "secret" }, session: { clientId }, ...options }, url);
}

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
  await servers.close();
  await servers.start();
  await expect(client("one").online()).rejects.toMatchObject({ code: "BANNED" });
  expect(servers.server.broker.counters.loginsBanned).toBe(1);
  expect(await admin("GET", "bans")).toMatchObject({ body: { bans: [{ kind: "user", value: "ann", reason: "left" }] } });
  expect(await admin("DELETE", "bans/user/ann")).toMatchObject({ status: 204 });
  expect(await admin("DELETE", "bans/user/ann")).toMatchObject({ status: 404 });
  await client("one").online();
  expect(servers.server.rules.list("default")).toEqual([]);
});

test("a banned address is refused by TLS before the handshake, and without TLS by 0x8A; other addresses come in", async () => {
  expect((await admin("POST", "bans", { kind: "address", value: "127.0.0.77" })).status).toBe(201);
  const ca = servers.server.localCa?.certificate ?? "";
  const port = Number(new URL(servers.server.listeners[1] ?? "").port);
  const dial = (localAddress: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = connectTls({ socket: connectTcp({ port, host: "127.0.0.1", localAddress }), servername: "localhost", ca });
      socket.once("error", (error) => resolve(error.message)).once("secureConnect", () => resolve("in"));
      socket.once("secureConnect", () => socket.destroy());
    });
  expect(await dial("127.0.0.77")).toMatch(/alert access denied/i);
  const secured = client("secured", { tls: { ca }, socket: { localAddress: "127.0.0.77" } }, servers.server.listeners[1]);
  await expect(secured.online()).rejects.toMatchObject({ code: "BANNED" });
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
