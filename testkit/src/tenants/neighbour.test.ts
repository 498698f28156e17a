// One tenant at ten times its quota: what another tenant's clients notice of it.
import { setTimeout as pass } from "node:timers/promises";
import { type Client, connect } from "@bowline/client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Friend } from "../security/friend.ts";
import { statedBar } from "../system/stated-bar.ts";
import { TenantProcess } from "./tenant-process.ts";

const isLong = process.env["BOWLINE_LONG"] === "1";
const SECONDS = isLong ? 30 : 2;
const QUOTA = 1_000;
const CLIENTS = 20;
let broker: TenantProcess;
const clients: Client[] = [];
beforeEach(async () => {
  broker = await TenantProcess.start();
  await broker.admin("PUT", "plans/quota", { limits: { tenantPublishesPerSecond: QUOTA } });
  for (const name of ["noisy", "quiet"]) await broker.make(name, "quota");
}, 60_000);
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.abort()));
  await broker.end();
});

async function p99(seconds: number): Promise<number> {
  const friend = await Friend.come(broker.url, await broker.optionsOf("quiet"));
  await pass(seconds * 1_000);
  const { p99Ms, disturbances } = await friend.leave();
  expect(disturbances).toEqual([]);
  return p99Ms;
}

test(
  "a tenant at ten times its quota changes another's p99 by less than a fifth",
  async () => {
    // The first round trips of a process are slower than all others.
    await p99(1);
    const alone = await p99(SECONDS);
    const options = await broker.optionsOf("noisy");
    let isOver = false;
    const shouting = Array.from({ length: CLIENTS }, async () => {
      const client = connect(broker.url, options);
      clients.push(client);
      await client.online();
      while (!isOver) {
        // Ten times what all of them may.
        for (let i = 0; i < (QUOTA * 10) / CLIENTS / 50; i++) client.publish("loud", "x".repeat(100));
        await pass(20);
      }
    });
    await pass(500);
    const beside = await p99(SECONDS);
    isOver = true;
    await Promise.all(shouting);
    const { counters } = await broker.admin<{ counters: Record<string, number> }>("GET", "tenants/noisy/limits");
    expect(counters["publishersSlowed"]! + counters["publishesOverRate"]!).toBeGreaterThan(0);
    expect(counters["messagesReceived"]).toBeLessThan(QUOTA * (SECONDS + 5));
    console.info(`figure: p99 of the quiet tenant: ${alone.toFixed(2)} ms alone, ${beside.toFixed(2)} ms beside the loud one`);
    expect(beside).toBeLessThan(statedBar(alone * 1.2 + 1));
  },
  isLong ? 200_000 : 60_000,
);
