import { PacketType } from "@bowline/protocol";
import { BrokerWorld } from "@bowline/testkit/broker";
import { expect, test } from "vitest";

test("[MQTT-3.8.4-5] a SUBSCRIBE of very many filters lets others in between, and is answered as one", async () => {
  const world = await BrokerWorld.start({ limits: { maximumSubscriptions: 1_999 } });
  const client = await world.client();
  const friend = await world.client();
  const filters = Array.from({ length: 2_000 }, (_, i) => ({ topicFilter: `t/${i}/+` }));
  friend.publish("t/1998/x", "kept", 0, { retain: true });
  await world.settle();
  const asked = client.subscribe(filters);
  friend.publish("t/0/x", "now");
  const codes = await asked;
  expect(codes).toEqual([...Array.from({ length: 1_999 }, () => 0), 0x97]);
  expect(client.packets).toMatchObject([
    { type: PacketType.PUBLISH, topicName: "t/0/x" },
    { type: PacketType.PUBLISH, topicName: "t/1998/x", retain: true },
  ]);
});

test("a client that goes in the middle of its SUBSCRIBE leaves nothing behind", async () => {
  const world = await BrokerWorld.start();
  const client = await world.client();
  client.send({
    type: PacketType.SUBSCRIBE,
    packetIdentifier: 1,
    subscriptions: Array.from({ length: 2_000 }, (_, i) => ({
      topicFilter: `t/${i}`,
      qos: 0,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: 0,
    })),
  });
  client.channel.destroy();
  await world.settle();
  expect(world.broker.tenant("default")?.router.subscriptionCount ?? 0).toBe(0);
});
