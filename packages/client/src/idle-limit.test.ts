import { PacketType } from "@bowline/protocol";
import { expect, test } from "vitest";
import { IdleLimit } from "./idle-limit.ts";
import { stage } from "./testing/client-on-script.ts";

const connect = { type: PacketType.CONNECT, protocolVersion: 5, cleanStart: true, clientIdentifier: "c" } as const;
const keepAlive = (limit: IdleLimit, wanted: number): number => limit.within({ ...connect, keepAlive: wanted }).keepAlive;

test("two cuts at the same idle age bring Keep Alive down to 0.7 of it, and it stays there", () => {
  const limit = new IdleLimit();
  limit.cut([60_080, 60_010]);
  expect(keepAlive(limit, 65)).toBe(65);
  limit.cut([60_050, 60_020]);
  expect(keepAlive(limit, 65)).toBe(42);
  limit.cut([100, 90]);
  expect(keepAlive(limit, 65)).toBe(42);
});

test("one direction alone may have the limit", () => {
  const limit = new IdleLimit();
  limit.cut([2000, 5010]);
  limit.cut([400, 5020]);
  expect(keepAlive(limit, 50)).toBe(3);
});

test("cuts at different ages, and at once, teach nothing", () => {
  const limit = new IdleLimit();
  for (const age of [10_000, 20_000, 40_000, 3, 4, 5]) limit.cut([age, age]);
  expect(keepAlive(limit, 50)).toBe(50);
});

test("a shorter limit found later counts, Keep Alive is never below 1 s, and off stays off", () => {
  const limit = new IdleLimit();
  limit.cut([30_000, 30_000]);
  limit.cut([30_100, 30_100]);
  expect(keepAlive(limit, 50)).toBe(21);
  limit.cut([1100, 1100]);
  limit.cut([1200, 1200]);
  expect(keepAlive(limit, 50)).toBe(1);
  expect(keepAlive(limit, 0)).toBe(0);
});

test("[C7 client scripted] a client cut twice after the same silence comes back with a Keep Alive below it", async () => {
  const { client, server, clock, losses } = await stage({ keepAlive: 60, reconnect: { firstDelayMs: 10, baseDelayMs: 10 } });
  for (let cut = 0; cut < 2; cut++) {
    await clock.advance(50_000);
    server.link.cut();
    await clock.advance(20);
  }
  expect(server.connects.map((packet) => packet.keepAlive)).toEqual([60, 60, 35]);
  expect(losses).toHaveLength(2);
  await clock.advance(40_000);
  expect(server.link.of(PacketType.PINGREQ)).toHaveLength(1);
  await client.abort();
});
