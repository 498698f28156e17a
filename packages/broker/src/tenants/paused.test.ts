import { PacketType } from "@bowline/protocol";
import { BrokerWorld } from "@bowline/testkit/broker";
import { expect, test } from "vitest";
import type { AuthResult } from "../auth/authenticator.ts";

test("a client that was asked who it is while its tenant was paused is not let in any more", async () => {
  let answer: (result: AuthResult) => void = () => {};
  const asked = new Promise<AuthResult>((resolve) => (answer = resolve));
  const world = await BrokerWorld.start({ authenticator: { authenticateNow: () => undefined, authenticate: () => asked } });
  const client = world.dial();
  await expect(client.connect({ clientIdentifier: "late" })).rejects.toThrow("no CONNACK came");
  world.broker.openTenant("default", true);
  answer({ allowed: true, owner: "ann" });
  await world.settle();
  expect((await client.takeOfType(PacketType.CONNACK))[0]).toMatchObject({ reasonCode: 0x88 });
  expect(world.broker.sessionCount).toBe(0);
});

test("a tenant that is deleted ends clients of every kind, and nothing of it is counted any more", async () => {
  const world = await BrokerWorld.start();
  const [one, stranger] = [await world.client(5, { properties: { sessionExpiryInterval: 100 } }), world.dial()];
  await one.subscribe({ topicFilter: "#", qos: 1 });
  one.publish("a", "kept", 1, { retain: true });
  await world.settle();
  const removal = world.broker.removeTenant("default");
  await world.settle();
  await removal;
  expect((await one.takeOfType(PacketType.DISCONNECT))[0]).toMatchObject({ reasonCode: 0x98 });
  expect(await stranger.take()).toEqual([]);
  expect([world.broker.sessionCount, world.broker.retainedCount, [...world.broker.allTenants()].length]).toEqual([0, 0, 0]);
});
