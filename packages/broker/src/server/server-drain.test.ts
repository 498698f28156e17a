import { PacketType } from "@bowline/protocol";
import { BrokerWorld, type TestClient } from "@bowline/testkit/broker";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ServerDrain } from "./server-drain.ts";

/* How fast clients are sent away, and what they are told. Its slices come by the process's own timer, which stands still here. */

beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] }));
afterEach(() => void vi.useRealTimers());

async function crowd(size: number): Promise<{ world: BrokerWorld; drain: ServerDrain; left: () => Promise<number> }> {
  const world = await BrokerWorld.start();
  const clients: TestClient[] = [];
  for (let i = 0; i < size; i++) clients.push(await world.client());
  const left = async (): Promise<number> => {
    await world.settle();
    return clients.filter(({ isClosed }) => !isClosed).length;
  };
  return { world, drain: new ServerDrain(world.broker, () => undefined), left };
}

test("clients go in even slices over the time that was said, and those who are left go at a second request's pace", async () => {
  const { drain, left } = await crowd(12);
  expect(drain.isDraining).toBe(false);
  expect(drain.begin({ permanent: false, seconds: 0.6 })).toBe(12);
  expect(drain.isDraining).toBe(true);
  expect(await left()).toBe(10);
  vi.advanceTimersByTime(100);
  expect(await left()).toBe(8);
  vi.advanceTimersByTime(200);
  expect(await left()).toBe(4);
  expect(drain.begin({ permanent: false, seconds: 0 })).toBe(4);
  expect(await left()).toBe(0);
});

test.each([
  [
    "the server to go to",
    { serverReference: "other:8883", permanent: false },
    { reasonCode: 0x9c, properties: { serverReference: "other:8883" } },
  ],
  [
    "the server to stay at",
    { serverReference: "other:8883", permanent: true },
    { reasonCode: 0x9d, properties: { serverReference: "other:8883" } },
  ],
  ["that the broker ends", { permanent: false }, { reasonCode: 0x8b }],
])("a client of 5.0 is told %s, an older one by a close", async (_what, request, packet) => {
  const { world, drain } = await crowd(0);
  const [five, old] = [await world.client(5), await world.client(4)];
  drain.begin({ ...request, seconds: 0 });
  expect(await five.takeOfType(PacketType.DISCONNECT)).toMatchObject([packet]);
  expect(await old.take()).toEqual([]);
  expect([five.isClosed, old.isClosed]).toEqual([true, true]);
});
