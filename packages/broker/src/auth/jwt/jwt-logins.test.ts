import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PacketType } from "@bowline/protocol";
import { BrokerWorld, connectOf, type TestClient } from "@bowline/testkit/broker";
import { SignJWT } from "jose";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { loadConfig } from "../../config/load-config.ts";
import { silentLogger } from "../../log/logger.ts";
import { type Server, startServer } from "../../server/start-server.ts";
import { connect } from "@bowline/client";
import { AuthenticatorChain } from "../authenticator-chain.ts";
import { jwtSchema } from "./jwt-config.ts";
import { openJwtKeys } from "./jwt-keys.ts";
import { JwtMethod } from "./jwt-method.ts";

/* Tokens at a broker: renewed in band, and with their rules in force. */

const SECRET = "a shared secret that is long enough!";
let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bowline-jwt-logins-"));
  await writeFile(join(folder, "secret"), SECRET);
});
afterEach(() => rm(folder, { recursive: true }));

const sign = (payload: Record<string, unknown>): Promise<string> =>
  new SignJWT({ sub: "ann", ...payload }).setProtectedHeader({ alg: "HS256" }).sign(Buffer.from(SECRET));

/** Signatures are checked on threads, whose answers virtual time does not wait for. */
async function next(client: TestClient): Promise<object> {
  let taken: object | undefined;
  await vi.waitFor(async () => {
    [taken] = await client.take();
    expect(taken).toBeDefined();
  });
  return taken!;
}

test("[MQTT-4.12.1-1] a connection lives as long as its token, and longer with another one by AUTH", async () => {
  const config = jwtSchema.parse({ kind: "jwt", secret: { file: join(folder, "secret") } });
  const keys = await openJwtKeys(config);
  const method = new JwtMethod(config, keys, () => world.clock.wallTime());
  const world = await BrokerWorld.start({ authenticator: new AuthenticatorChain([method], silentLogger, method.enhanced) });
  const token = async (seconds: number, sub = "ann") => ({
    authenticationMethod: "JWT",
    authenticationData: Buffer.from(await sign({ sub, exp: Math.floor(world.clock.wallTime() / 1_000) + seconds })),
  });
  const client = world.dial();
  client.send(connectOf(5, { clientIdentifier: "c", properties: await token(10) }));
  expect(await next(client)).toMatchObject({
    type: PacketType.CONNACK,
    reasonCode: 0,
    properties: { authenticationMethod: "JWT" },
  });
  await world.clock.advance(8_000);
  client.send({ type: PacketType.AUTH, reasonCode: 0x19, properties: await token(30) });
  expect(await next(client)).toMatchObject({ type: PacketType.AUTH, reasonCode: 0 });
  await world.clock.advance(20_000);
  expect(client.isClosed).toBe(false);
  await world.clock.advance(10_000);
  expect(await next(client)).toMatchObject({ type: PacketType.DISCONNECT, reasonCode: 0x87 });
  expect(client.isClosed).toBe(true);
});

test("tokens and passwords beside each other, and the rules of a token, over real sockets", async () => {
  const text = "authentication: [{kind: jwt, secret: {file: secret}}, {kind: password}]";
  await writeFile(join(folder, "bowline.yaml"), text);
  const overrides = { data: "data", memory: true, console: false as const, listen: ["mqtt://127.0.0.1:0"] };
  const server: Server = await startServer({
    config: await loadConfig({ file: join(folder, "bowline.yaml"), directory: folder, overrides }),
    logger: silentLogger,
    version: "1",
  });
  const login = (username: string, password: string) =>
    connect(server.listeners[0] ?? "", { reconnect: false, credentials: { username, password } });
  await server.users.add("default", "bob", "secret of bob");
  const exp = Math.floor(Date.now() / 1_000) + 60;
  const clients = [
    login("whoever", await sign({ exp, acl: { sub: ["a/#"], pub: ["a/1"] } })),
    login("bob", "secret of bob"),
    login("bob", await sign({ exp: 1 })),
  ];
  const [ann, bob, late] = clients as [(typeof clients)[0], (typeof clients)[0], (typeof clients)[0]];
  for (const each of clients) each.on("attemptFailed", () => {});
  try {
    await Promise.all([ann.online(), bob.online()]);
    expect(
      [...server.broker.connections()]
        .map(({ session }) => session?.owner)
        .filter(Boolean)
        .sort(),
    ).toEqual(["ann", "bob"]);
    await ann.subscribe("a/#", { qos: 1 }).ready;
    await expect(ann.subscribe("b", { qos: 1 }).ready).rejects.toMatchObject({ reasonCode: 0x87 });
    await expect(ann.publish("b", "x", { qos: 1 })).rejects.toMatchObject({ reasonCode: 0x87 });
    await ann.publish("a/1", "x", { qos: 1 });
    await expect(late.online()).rejects.toMatchObject({ code: "BAD_CREDENTIALS" });
  } finally {
    for (const each of clients) void each.abort();
    await server.close();
  }
});
