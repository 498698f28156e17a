// One tenant at ten times its quota: what another tenant's clients notice of it.
import { request } from "node:http";
import { join } from "node:path";
import { setTimeout as pass } from "node:timers/promises";
import { type Client, connect } from "@bowline/client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Friend } from "../security/friend.ts";
import { BowlineProcess } from "../system/index.ts";

const isLong = process.env["BOWLINE_LONG"] === "1";
const SECONDS = isLong ? 30 : 2;
const QUOTA = 1_000;
const CLIENTS = 20;
/** Beside the stated fifth, what a machine that does other things at the same time needs. */
const SLACK_MS = isLong ? 1 : 25;

let broker: BowlineProcess;
const clients: Client[] = [];
beforeEach(async () => {
  broker = await BowlineProcess.start("--listen", "mqtts://localhost:0", "--no-console");
  await admin("PUT", "plans/quota", { limits: { tenantPublishesPerSecond: QUOTA } });
  for (const name of ["noisy", "quiet"]) {
    await admin("POST", "tenants", { name, plan: "quota" });
    await admin("POST", `tenants/${name}/users`, { username: "ann", password: "secret" });
    await admin("POST", `tenants/${name}/rules`, { permission: "allow", action: "both", topics: ["#"] });
  }
}, 60_000);
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.abort()));
  await broker.remove();
});

function admin(method: string, path: string, value?: unknown): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json" };
    const sent = request(
      { socketPath: join(broker.dataFolder, "admin.sock"), method, path: `/api/v1/${path}`, headers },
      (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        answer.on("end", () => resolve((text === "" ? {} : JSON.parse(text)) as Record<string, unknown>));
      },
    );
    sent.on("error", reject).end(value === undefined ? undefined : JSON.stringify(value));
  });
}

async function optionsOf(tenant: string): Promise<Parameters<typeof connect>[1]> {
  const tls = { ca: await broker.ca(), servername: `${tenant}.localhost` };
  return { tls, credentials: { username: "ann", password: "secret" }, reconnect: false };
}

async function p99(seconds: number): Promise<number> {
  const friend = await Friend.come(broker.urls[0]!, await optionsOf("quiet"));
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
    const options = await optionsOf("noisy");
    let isOver = false;
    const shouting = Array.from({ length: CLIENTS }, async () => {
      const client = connect(broker.urls[0]!, options);
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
    const { counters } = (await admin("GET", "tenants/noisy/limits")) as { counters: Record<string, number> };
    expect(counters["publishersSlowed"]! + counters["publishesOverRate"]!).toBeGreaterThan(0);
    expect(counters["messagesReceived"]).toBeLessThan(QUOTA * (SECONDS + 5));
    console.info(`p99 of the quiet tenant: ${alone.toFixed(2)} ms alone, ${beside.toFixed(2)} ms beside the loud one`);
    expect(beside).toBeLessThan(alone * 1.2 + SLACK_MS);
  },
  isLong ? 200_000 : 60_000,
);
