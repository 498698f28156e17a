import { expect, test } from "vitest";
import { BrokerWorld } from "@bowline/testkit/broker";

test("[MQTT-4.3.3-2] a QoS 2 message that a leaving member gives back waits for its commit also with the next member", async () => {
  const world = await BrokerWorld.start();
  const publisher = await world.client(5, { cleanStart: false, properties: { sessionExpiryInterval: 1000 } });
  const first = await world.client(5);
  await first.subscribe("$share/g/t", 2);
  world.store.holdsCommits = true;
  publisher.publish("t", "once", 2);
  await world.settle();
  const second = await world.client(5);
  await second.subscribe("$share/g/t", 0);
  await first.disconnect();
  expect(await second.takeTexts()).toEqual([]);
  world.store.commit();
  expect(await second.takeTexts()).toEqual(["t=once"]);
});
