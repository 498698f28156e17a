import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PacketType } from "@bowline/protocol";
import { BrokerWorld, connectOf, localServers, type TestClient } from "@bowline/testkit/broker";
import { SignJWT } from "jose";
import { beforeEach, expect, test, vi } from "vitest";
import { silentLogger } from "../../log/logger.ts";
import { AuthenticatorChain } from "../authenticator-chain.ts";
import { jwtSchema } from "./jwt-config.ts";
import { openJwtKeys } from "./jwt-keys.ts";
import { JwtMethod } from "./jwt-method.ts";

/* Tokens at a broker: renewed in band, and with their rules in force. */

const SECRET = "a shared secret that is long enough!";
const servers = localServers({ memory: true });
beforeEach(() => writeFile(join(servers.folder, "secret"), SECRET));

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
  const config = jwtSchema.parse({ kind: "jwt", secret: { file: join(servers.folder, "secret") } });
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
  const server = await servers.start({ authentication: [{ kind: "jwt", secret: { file: "secret" } }, { kind: "password" }] });
  const login = (username: string, password: string) => servers.client({ credentials: { username, password } });
  await server.users.add("default", "bob", "secret of bob");
  const exp = Math.floor(Date.now() / 1_000) + 60;
  const ann = login("whoever", await sign({ exp, acl: { sub: ["a/#"], pub: ["a/1"] } }));
  const bob = login("bob", "secret of bob");
  await Promise.all([ann.online(), bob.online()]);
  const owners = [...server.broker.connections()].map(({ session }) => session?.owner);
  expect(owners.sort()).toEqual(["ann", "bob"]);
  await ann.subscribe("a/#", { qos: 1 }).ready;
  await expect(ann.subscribe("b", { qos: 1 }).ready).rejects.toMatchObject({ reasonCode: 0x87 });
  await expect(ann.publish("b", "x", { qos: 1 })).rejects.toMatchObject({ reasonCode: 0x87 });
  await ann.publish("a/1", "x", { qos: 1 });
  await expect(login("bob", await sign({ exp: 1 })).online()).rejects.toMatchObject({ code: "JWT_EXPIRED" });
});
