import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Client, connect } from "@bowline/client";
import mqtt, { type MqttClient } from "@bowline/mqttjs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BowlineProcess } from "../system/bowline-process.ts";
import { missingPrograms } from "../system/missing-programs.ts";
import { type PageGlobals, servePage } from "./client-page.ts";
import { LivingPage } from "./living-page.ts";

/** The answer to a ping is far behind in what the server sends: each message keeps a handler busy, and Keep Alive is short. */
const BUSY_MS = 5;
const MESSAGES = 1000;
const KEEP_ALIVE = 1;

interface Order {
  url: string;
  credentials: { username: string; password: string };
  count: number;
  busyMs: number;
  keepAlive: number;
}

const missing = missingPrograms("chromium");

describe.skipIf(missing !== "")(`a slow handler${missing && ` (${missing})`}`, () => {
  let broker: BowlineProcess;
  let server: Server;
  let page: LivingPage;
  let publisher: Client;

  beforeAll(async () => {
    broker = await BowlineProcess.start("--listen", "ws://127.0.0.1:0/mqtt", "--no-console");
    server = await servePage();
    page = await LivingPage.open(`http://localhost:${(server.address() as AddressInfo).port}/`);
    await page.until(() => "bowline" in globalThis);
    publisher = connect(broker.urls[0]!, { credentials: await broker.user() });
    await publisher.online();
  });
  afterAll(async () => {
    await publisher?.abort();
    await page?.close();
    server?.close();
    await broker?.remove();
  });

  const order = async (): Promise<Order> => ({
    url: broker.urls[0]!,
    credentials: await broker.user(),
    count: MESSAGES,
    busyMs: BUSY_MS,
    keepAlive: KEEP_ALIVE,
  });
  const flood = (): void => {
    for (let i = 0; i < MESSAGES; i++) void publisher.publish("flood", new Uint8Array(1000), { qos: 1 }).stored;
  };

  test("[G5 client] of the client does not cut its own connection", async () => {
    const { url, credentials, keepAlive } = await order();
    const client = connect(url, { credentials, keepAlive });
    let losses = 0;
    client.on("connectionLost", () => losses++);
    let seen = 0;
    const done = new Promise<void>((resolve) => {
      const subscription = client.subscribe("flood", { qos: 1 }, () => {
        for (const end = performance.now() + BUSY_MS; performance.now() < end; );
        if (++seen === MESSAGES) resolve();
      });
      void subscription.ready.then(flood);
    });
    await done;
    expect(losses).toBe(0);
    await client.abort();
  }, 40_000);

  test("[G5 drop-in] of the drop-in does not cut its own connection", async () => {
    const { url, credentials, keepAlive } = await order();
    const client: MqttClient = mqtt.connect(url, { ...credentials, keepalive: keepAlive });
    const errors: unknown[] = [];
    client.on("error", (error) => errors.push(error));
    client.on("close", () => errors.push("close"));
    let seen = 0;
    const done = new Promise<void>((resolve) => {
      client.handleMessage = (_packet, callback) => {
        setTimeout(callback, BUSY_MS);
        if (++seen === MESSAGES) resolve();
      };
    });
    await client.subscribeAsync("flood", { qos: 1 });
    flood();
    await done;
    expect(errors).toEqual([]);
    await client.endAsync(true);
  }, 40_000);

  test("[G5 page] of a page does not cut its own connection", async () => {
    await page.evaluate(subscribeInPage, await order());
    flood();
    await page.until(() => (globalThis as unknown as { isDone: boolean }).isDone);
    expect(await page.evaluate(() => (globalThis as unknown as { losses: number }).losses)).toBe(0);
  }, 40_000);
});

/* Runs in the page: it may use nothing of this file. */

async function subscribeInPage({ url, credentials, count, busyMs, keepAlive }: Order): Promise<void> {
  const scope = globalThis as unknown as PageGlobals & { losses: number; isDone: boolean };
  scope.losses = 0;
  scope.isDone = false;
  let seen = 0;
  scope.client = scope.bowline.connect(url, { credentials, keepAlive });
  scope.client.on("connectionLost", () => scope.losses++);
  const subscription = scope.client.subscribe("flood", { qos: 1 }, () => {
    for (const end = performance.now() + busyMs; performance.now() < end; );
    scope.isDone = ++seen === count;
  });
  await subscription.ready;
}
