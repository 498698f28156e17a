import { expect, test } from "vitest";
import { PacketType } from "@bowline/protocol";
import { BrokerWorld } from "@bowline/testkit/broker";
import type { AuthResult, EnhancedMethod } from "../auth/authenticator.ts";
import { AuthenticatorChain } from "../auth/authenticator-chain.ts";
import { silentLogger } from "../log/logger.ts";

const METHOD = "TICKET";
const HOUR_MS = 3_600_000;

/** Tickets say how many ms they are good for. */
async function start(): Promise<BrokerWorld> {
  const admit = (lifeMs: number): AuthResult => ({
    allowed: true,
    owner: "ada",
    ...(Number.isNaN(lifeMs) ? {} : { expiresAt: world.clock.wallTime() + lifeMs }),
  });
  const number = (bytes: Uint8Array | undefined): number => Number(Buffer.from(bytes ?? []).toString());
  const tickets: EnhancedMethod = { name: METHOD, begin: () => ({ next: (data) => admit(number(data)) }) };
  const now = (request: { password: Uint8Array | undefined }): AuthResult => admit(number(request.password));
  const method = { answerNow: now, answer: (request: { password: Uint8Array | undefined }) => Promise.resolve(now(request)) };
  const world = await BrokerWorld.start({ authenticator: new AuthenticatorChain([method], silentLogger, [tickets]) });
  return world;
}

const ticket = (lifeMs: number | string) => ({ authenticationMethod: METHOD, authenticationData: Buffer.from(String(lifeMs)) });
const password = (lifeMs: number) => ({ username: "ada", password: Buffer.from(String(lifeMs)) });

test("a connection ends with its credentials: 0x87 on 5.0, a close before", async () => {
  const world = await start();
  const [five, four] = [await world.client(5, password(HOUR_MS)), await world.client(4, { ...password(HOUR_MS) })];
  await world.clock.advance(HOUR_MS - 1_000);
  expect([five.isClosed, four.isClosed]).toEqual([false, false]);
  await world.clock.advance(1_000);
  expect(await five.takeOfType(PacketType.DISCONNECT)).toMatchObject([{ reasonCode: 0x87 }]);
  expect([five.isClosed, four.isClosed]).toEqual([true, true]);
  expect(world.broker.counters.loginsExpired).toBe(2);
});

test("credentials that ended before the CONNECT are refused, and counted as such", async () => {
  const world = await start();
  expect(await world.dial().connect(password(0))).toMatchObject({ type: PacketType.CONNACK, reasonCode: 0x87 });
  expect(world.broker.counters.loginsNotAuthorized).toBe(1);
});

test("re-authentication gives a connection the time of the new credentials, more or less", async () => {
  const world = await start();
  const client = await world.client(5, { properties: ticket(2_000) });
  const again = async (lifeMs: number | string): Promise<void> => {
    client.send({ type: PacketType.AUTH, reasonCode: 0x19, properties: ticket(lifeMs) });
    expect(await client.take()).toMatchObject([{ type: PacketType.AUTH, reasonCode: 0 }]);
  };
  await again(10_000);
  await world.clock.advance(9_000);
  await again("for ever");
  await world.clock.advance(20_000);
  await again(1_000);
  await world.clock.advance(999);
  expect(client.isClosed).toBe(false);
  await world.clock.advance(1);
  expect(await client.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: 0x87 }]);
});

test("what ends a connection earlier leaves no timer behind", async () => {
  const world = await start();
  const client = await world.client(5, password(5_000));
  await client.cut();
  await world.clock.advance(10_000);
  expect(world.broker.counters.loginsExpired).toBe(0);
});
