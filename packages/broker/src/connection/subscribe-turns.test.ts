import { PacketType } from "@bowline/protocol";
import { BrokerWorld, publishOf } from "@bowline/testkit/broker";
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

test("[MQTT-3.3.1-9] a Subscription that matches very many retained messages lets others in between, until it is gone", async () => {
  const world = await BrokerWorld.start();
  const [publisher, client, friend] = [await world.client(), await world.client(), await world.client()];
  publisher.send(...Array.from({ length: 2_500 }, (_, i) => publishOf(`t/${i}`, "kept", 0, { retain: true })));
  await world.settle();
  const asked = client.subscribe("t/+");
  friend.publish("t/x", "now");
  await asked;
  const topics = (await client.takeMessages()).map(({ topicName }) => topicName);
  expect(new Set(topics).size).toBe(2_501);
  expect(topics).toHaveLength(2_501);
  expect(topics.indexOf("t/x")).toBeLessThan(2_500);
  client.send({ type: PacketType.SUBSCRIBE, packetIdentifier: 9, subscriptions: [{ ...plain, topicFilter: "t/#" }] });
  client.send({ type: PacketType.UNSUBSCRIBE, packetIdentifier: 10, topicFilters: ["t/#"] });
  expect((await client.takeMessages()).length).toBe(1_000);
});

const plain = { qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
