import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Client, connect } from "@bowline/client";
import mqtt, { type MqttClient } from "@bowline/mqttjs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AnyBroker, anyBrokers } from "../stores/any-broker.ts";
import { missingPrograms } from "../system/missing-programs.ts";
import { type PageGlobals, servePage } from "./client-page.ts";
import { LivingPage } from "./living-page.ts";

/** The answer to a ping is far behind in what the server sends: each message keeps a handler busy, and Keep Alive is short. */
const BUSY_MS = 5;
/** 60 s in the long run. */
const MESSAGES = process.env["BOWLINE_LONG"] === "1" ? 12_000 : 600;
const LIMIT_MS = 40_000 + MESSAGES * BUSY_MS * 2;
const KEEP_ALIVE = 1;

interface Order {
  url: string;
  credentials: { username: string; password: string };
  count: number;
  busyMs: number;
  keepAlive: number;
}

const missing = missingPrograms("chromium");

// Brokers in processes of their own: a handler keeps this one busy.
for (const { name, missing: absent, start } of anyBrokers("ws")) {
  const reason = missing || absent;
  describe.skipIf(reason !== "")(`a slow handler, at ${name}${reason && ` (${reason})`}`, () => {
    let broker: AnyBroker;
    let server: Server;
    let page: LivingPage;
    let publisher: Client;

    beforeAll(async () => {
      broker = await start();
      server = await servePage();
      page = await LivingPage.open(`http://localhost:${(server.address() as AddressInfo).port}/`);
      await page.until(() => "bowline" in globalThis);
      publisher = connect(broker.url, { credentials: broker.credentials });
      await publisher.online();
    });
    afterAll(async () => {
      await publisher?.abort();
      await page?.close();
      server?.close();
      await broker?.remove();
    });

    const order = (): Order => ({
      url: broker.url,
      credentials: broker.credentials,
      count: MESSAGES,
      busyMs: BUSY_MS,
      keepAlive: KEEP_ALIVE,
    });
    const flood = (): void => {
      for (let i = 0; i < MESSAGES; i++) void publisher.publish("flood", new Uint8Array(1000), { qos: 1 }).stored;
    };

    test(
      "[G5 client] [G5 client mosquitto] of the client does not cut its own connection",
      async () => {
        const { url, credentials, keepAlive } = order();
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
      },
      LIMIT_MS,
    );

    test(
      "[G5 drop-in] [G5 drop-in mosquitto] of the drop-in does not cut its own connection",
      async () => {
        const { url, credentials, keepAlive } = order();
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
      },
      LIMIT_MS,
    );

    test(
      "[G5 page] [G5 page mosquitto] of a page does not cut its own connection",
      async () => {
        await page.evaluate(subscribeInPage, order());
        flood();
        await page.until(() => (globalThis as unknown as { isDone: boolean }).isDone);
        expect(await page.evaluate(() => (globalThis as unknown as { losses: number }).losses)).toBe(0);
      },
      LIMIT_MS,
    );
  });
}

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
