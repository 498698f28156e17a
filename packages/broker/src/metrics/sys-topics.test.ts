import { BrokerWorld } from "@bowline/testkit/broker";
import { expect, test } from "vitest";
import { Counters } from "./counters.ts";
import { SysLoads, sysTopics } from "./sys-topics.ts";
import { tenantFigures } from "./tenant-figures.ts";
import { topLosers } from "./top-losers.ts";

const LASTING = { cleanStart: false, properties: { sessionExpiryInterval: 1_000, receiveMaximum: 1 } };

test("[G6 broker] $SYS has what was dropped by reason, and the clients that lost most, first the one that lost most", async () => {
  const world = await BrokerWorld.start({ limits: { maximumQueuedMessages: 1 } });
  const publisher = await world.client();
  for (const [clientIdentifier, lost] of [
    ["less", 1],
    ["more", 3],
    ["none", 0],
  ] as const) {
    const client = await world.client(5, { ...LASTING, clientIdentifier });
    await client.subscribe(clientIdentifier, 1);
    for (let number = 0; number < 2 + lost; number++) publisher.publish(clientIdentifier, "x", 1);
    await world.settle();
  }
  const [tenant] = [...world.broker.allTenants()];
  const [figures] = tenantFigures([tenant!], new Map([["default", 4]]), 1);
  expect(figures).toMatchObject({ maximumConnections: 4, queuedMessages: 3, inFlightMessages: 3, slowClients: 3 });
  const topics = new Map(sysTopics(figures!, { version: "1", uptimeSeconds: 1 }, [], topLosers(tenant!.sessions.values(), 10)));
  expect(topics.get("$SYS/broker/publish/messages/dropped")).toBe("4");
  expect(topics.get("$SYS/broker/publish/messages/dropped/queue_full")).toBe("4");
  expect(topics.get("$SYS/broker/clients/maximum")).toBe("4");
  expect(topics.get("$SYS/broker/clients/active")).toBe("4");
  expect(topics.get("$SYS/broker/store/messages/count")).toBe("3");
  expect(JSON.parse(topics.get("$SYS/broker/clients/dropped")!)).toEqual([
    { clientId: "more", owner: "", dropped: 3, queued: 1 },
    { clientId: "less", owner: "", dropped: 1, queued: 1 },
  ]);
  expect(topLosers(tenant!.sessions.values(), 1)).toHaveLength(1);
});

test("what was dropped and what connected per minute, refused connections among them", async () => {
  const counters = Object.assign(new Counters(), { droppedSlow: 3, connectionsAccepted: 4, connectionsRefused: 2 });
  const world = await BrokerWorld.start();
  const [figures] = tenantFigures(world.broker.allTenants(), new Map(), 1);
  const loads = new SysLoads().sample({ ...figures!, counters }, 60);
  const perMinute = new Map(loads.map(({ name, values }) => [name, values[0]! / (1 - Math.exp(-1))]));
  expect(perMinute.get("publish/dropped")).toBeCloseTo(3);
  expect(perMinute.get("connections")).toBeCloseTo(4);
  expect(perMinute.get("sockets")).toBeCloseTo(6);
});
