import { PacketType } from "@bowline/protocol";
import { BrokerWorld, publishOf, recordingLogger, type TestClient } from "@bowline/testkit/broker";
import { expect, test } from "vitest";
import { RefusalLog } from "../events/refusal-log.ts";
import type { BrokerLimits } from "./broker-limits.ts";

interface Case {
  limits: Partial<BrokerLimits>;
  act: (client: TestClient) => Promise<unknown>;
  reason: string;
}

const publish =
  (topicName: string, times: number, retain = false) =>
  async (client: TestClient): Promise<unknown> => {
    const answers: unknown[] = [];
    for (let packetIdentifier = 1; packetIdentifier <= times; packetIdentifier++) {
      client.send(publishOf(`${topicName}${packetIdentifier}`, "x", 1, { packetIdentifier, retain }));
      answers.push(...(await client.take()));
    }
    return answers.at(-1);
  };

const subscribe =
  (topicFilter: string) =>
  async (client: TestClient): Promise<unknown> => {
    const subscription = { topicFilter, qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
    client.send({ type: PacketType.SUBSCRIBE, packetIdentifier: 1, subscriptions: [subscription] });
    return (await client.take()).at(-1);
  };

const DENIED: readonly Case[] = [
  { limits: { maximumTopicLevels: 2 }, act: publish("a/b/", 1), reason: "TOPIC_NAME: no more than 2 levels" },
  { limits: { maximumRetainedMessages: 1 }, act: publish("r", 2, true), reason: "QUOTA: there is no room for more retained" },
  {
    limits: { maximumTopicLevels: 2 },
    act: subscribe("a/b/#"),
    reason: "FILTER_INVALID: no more than 2 levels",
  },
  { limits: { maximumSubscriptions: 0 }, act: subscribe("a"), reason: "QUOTA: no more than 0 (maximumSubs" },
];

test.each(DENIED)(
  "a limit that refuses is named to a 5.0 client, and with it in the log: $reason",
  async ({ limits, act, reason }) => {
    const { logger, lines } = recordingLogger();
    const world = await BrokerWorld.start({ limits, logger });
    world.broker.observer = new RefusalLog();
    const told = await act(await world.client(5, { clientIdentifier: "five" }));
    expect(told).toMatchObject({ properties: { reasonString: expect.stringContaining(reason) } });
    await act(await world.client(4, { clientIdentifier: "four" }));
    const [code, words] = reason.split(": ");
    const line = { code, reason: expect.stringContaining(words!) };
    expect(lines("a client may not")).toMatchObject([
      { clientId: "five", ...line },
      { clientId: "four", ...line },
    ]);
  },
);

test.each([
  [{ publishBytesPerSecond: 10 }, "the client publishes faster than it may (publishesPerSecond"],
  [{ tenantPublishBytesPerSecond: 5 }, "(tenantPublishesPerSecond, tenantPublishBytesPerSecond)"],
])("one that is over its rate hears so, or the log does: %j", async (limits, words) => {
  const { logger, lines } = recordingLogger();
  const world = await BrokerWorld.start({ limits, logger });
  const fast = publishOf("t", "x".repeat(100), 1, { packetIdentifier: 1 });
  for (const version of [5, 4] as const) {
    const client = await world.client(version);
    client.send(fast, fast);
    const refused = (await client.take()).at(-1);
    if (version === 5)
      expect(refused).toMatchObject({ reasonCode: 0x97, properties: { reasonString: expect.stringContaining(words) } });
  }
  expect(lines("client disconnected")).toMatchObject([{ error: { message: expect.stringContaining(words) } }]);
});
