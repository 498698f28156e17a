import { PacketType } from "@bowline/protocol";
import { BrokerWorld } from "@bowline/testkit/broker";
import { expect, test } from "vitest";

test.each([
  ["5.0, a Session that ends with its connection", 5, {}],
  ["5.0, a Session Expiry Interval of a second", 5, { properties: { sessionExpiryInterval: 1 } }],
  ["3.1.1, Clean Session 1", 4, { cleanStart: true }],
  ["3.1.1, Clean Session 0", 4, { cleanStart: false }],
] as const)(
  "[MQTT-4.1.0-1] [v3 MQTT-4.1.0-1] [v3 MQTT-4.1.0-2] a Session lasts as long as its connection, however long: %s",
  async (_title, version, changes) => {
    const world = await BrokerWorld.start();
    const client = await world.client(version, changes);
    await client.subscribe("t", 2);
    client.publish("t", "begun", 2, { packetIdentifier: 7 });
    expect(await client.takeMessages()).toMatchObject([{ qos: 2, packetIdentifier: 1 }]);
    await world.clock.advance(600_000);
    // The Subscription, the message on its way out and the identifier that came in are all still known.
    client.publish("t", "again", 2, { packetIdentifier: 7, dup: true });
    expect(await client.take()).toEqual([{ type: PacketType.PUBREC, packetIdentifier: 7, reasonCode: 0 }]);
    client.acknowledge("PUBREC", 1);
    expect(await client.take()).toEqual([{ type: PacketType.PUBREL, packetIdentifier: 1, reasonCode: 0 }]);
    client.publish("t", "later", 0);
    expect(await client.takeTexts()).toEqual(["t=later"]);
  },
);
