import { expect, test, vi } from "vitest";
import { BrokerWorld, publishOf } from "@bowline/testkit/broker";
import { VirtualClock } from "@bowline/testkit/virtual";
import { RoutingTurn } from "./routing-turn.ts";

test("a turn is over when routes have taken long, and the next one begins anew; what is cheap is not added up", async () => {
  const clock = new VirtualClock();
  const turn = new RoutingTurn(clock);
  for (let i = 0; i < 1_000; i++) turn.spend(0.01);
  expect(turn.isOver).toBe(false);
  turn.spend(3);
  turn.spend(3);
  expect(turn.isOver).toBe(true);
  await clock.advance(1);
  expect(turn.isOver).toBe(false);
});

test.each([0, 1, 2] as const)("who publishes to many topics that are dear to route lets others in between, QoS %i", async (qos) => {
  const world = await BrokerWorld.start();
  const [greedy, friend, reader] = [await world.client(), await world.client(), await world.client()];
  await reader.subscribe("#", qos);
  let looks = 0;
  const now = vi.spyOn(world.clock, "now").mockImplementation(() => looks++);
  greedy.send(
    ...Array.from({ length: 20 }, (_, i) => publishOf(`greedy/${i}`, "x", qos, qos > 0 ? { packetIdentifier: i + 1 } : {})),
  );
  friend.publish("friend", "x", qos);
  const topics = (await reader.takeMessages()).map(({ topicName }) => topicName);
  now.mockRestore();
  expect(topics.filter((topic) => topic !== "friend")).toEqual(Array.from({ length: 20 }, (_, i) => `greedy/${i}`));
  expect(topics.indexOf("friend")).toBeGreaterThan(0);
  expect(topics.indexOf("friend")).toBeLessThan(20);
});
