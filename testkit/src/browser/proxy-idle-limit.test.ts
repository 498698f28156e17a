import { mkdtemp, rm } from "node:fs/promises";
import type { Server } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "@bowline/client";
import mqtt from "@bowline/mqttjs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NginxProcess } from "../failures/nginx-process.ts";
import { pause } from "../scenarios/clients.ts";
import { type UserBroker, userBrokers } from "../scenarios/user-brokers.ts";
import { missingPrograms } from "../system/missing-programs.ts";
import { type PageGlobals, servePage } from "./client-page.ts";
import { LivingPage } from "./living-page.ts";

const isLong = process.env["BOWLINE_LONG"] === "1";
/** nginx cuts what is silent for so long; 60 s is its own default. */
const LIMIT_S = isLong ? 60 : 2;
/** After two cuts, so that a third one would have come many times over. */
const WATCHED_MS = isLong ? 600_000 : 5 * LIMIT_S * 1000;
/** Longer than either limit, so that two cuts come in any case. */
const KEEP_ALIVE = 100;
const RIGHT = { username: "u", password: "good" };

const missing = missingPrograms("chromium", "nginx", "mosquitto", "mosquitto_passwd");

interface Order {
  urls: string[];
  credentials: { username: string; password: string };
  keepAlive: number;
}

describe.skipIf(missing !== "")(`behind nginx with an idle limit of ${LIMIT_S} s${missing && ` (${missing})`}`, () => {
  const brokers: UserBroker[] = [];
  let folder: string;
  let nginx: NginxProcess;
  let urls: string[];
  let server: Server;
  let page: LivingPage;

  beforeAll(async () => {
    for (const { start } of userBrokers) brokers.push(await start());
    await Promise.all(brokers.map((broker) => broker.setPassword(RIGHT.username, RIGHT.password)));
    folder = await mkdtemp(join(tmpdir(), "bowline-nginx-"));
    const port = await freePort();
    nginx = await NginxProcess.start(folder, proxyTo(brokers, port), port);
    urls = brokers.map((_, index) => `ws://127.0.0.1:${port}/${index}`);
    server = await servePage();
    page = await LivingPage.open(`http://localhost:${(server.address() as AddressInfo).port}/`);
    await page.until(() => "bowline" in globalThis);
  });
  afterAll(async () => {
    await page?.close();
    server?.close();
    await nginx?.stop();
    await Promise.all(brokers.map((broker) => broker.close()));
    if (folder !== undefined) await rm(folder, { recursive: true });
  });

  // covers: [C7 client] [C7 client mosquitto] [C7 drop-in] [C7 drop-in mosquitto] [C7 page] [C7 page mosquitto]
  test(
    `client, drop-in and page are cut at most twice, and then no more in ${WATCHED_MS / 1000} s`,
    async () => {
      const clients = urls.map((url) => {
        const client = connect(url, { credentials: RIGHT, keepAlive: KEEP_ALIVE, reconnect: { delay: () => 10 } });
        const dropIn = mqtt.connect(url, { ...RIGHT, keepalive: KEEP_ALIVE, reconnectPeriod: 10 });
        const losses = { client: 0, dropIn: 0 };
        client.on("connectionLost", () => losses.client++);
        dropIn.on("error", () => {}).on("close", () => losses.dropIn++);
        return { client, dropIn, losses };
      });
      await page.evaluate(connectInPage, { urls, credentials: RIGHT, keepAlive: KEEP_ALIVE });
      // The time of the proxy's own timers is what is tested.
      await pause(2 * LIMIT_S * 1000 + WATCHED_MS);
      const inPage = await page.evaluate(() => (globalThis as unknown as { losses: number[] }).losses);
      expect(clients.map(({ losses }, index) => ({ ...losses, page: inPage[index] }))).toEqual(
        clients.map(() => ({ client: 2, dropIn: 2, page: 2 })),
      );
      for (const { client, dropIn } of clients) {
        expect([client.status.state, dropIn.connected]).toEqual(["online", true]);
        await Promise.all([client.abort(), dropIn.endAsync(true)]);
      }
    },
    3 * LIMIT_S * 1000 + WATCHED_MS + 60_000,
  );
});

function proxyTo(brokers: readonly UserBroker[], port: number): string {
  const locations = brokers.map(
    (broker, index) => `location /${index} {
      proxy_pass http://${new URL(broker.url("ws")).host}/mqtt;
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_read_timeout ${LIMIT_S}s;
    }`,
  );
  return `server { listen 127.0.0.1:${port}; ${locations.join("\n")} }`;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => probe.once("listening", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/* Runs in the page: it may use nothing of this file. */

async function connectInPage({ urls, credentials, keepAlive }: Order): Promise<void> {
  const scope = globalThis as unknown as PageGlobals & { losses: number[] };
  scope.losses = urls.map(() => 0);
  const connected = urls.map((url, index) => {
    const client = scope.bowline.connect(url, { credentials, keepAlive, reconnect: { delay: () => 10 } });
    client.on("connectionLost", () => (scope.losses[index] = (scope.losses[index] ?? 0) + 1));
    return client.online();
  });
  await Promise.all(connected);
}
