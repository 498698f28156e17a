import { mkdtemp, rm } from "node:fs/promises";
import type { Server } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "@bowline/client";
import mqtt from "@bowline/mqttjs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NginxProcess } from "../failures/nginx-process.ts";
import { BowlineProcess } from "../system/bowline-process.ts";
import { missingPrograms } from "../system/missing-programs.ts";
import { type PageGlobals, servePage } from "./client-page.ts";
import { LivingPage } from "./living-page.ts";

/** nginx cuts what is silent for so long. Its default is 60 s, which the long Keep Alives below do not fit either. */
const LIMIT_S = 2;
/** After two cuts, so that a third one would have come twice over. */
const WATCHED_MS = 5 * LIMIT_S * 1000;
const KEEP_ALIVE = 60;

const missing = missingPrograms("chromium", "nginx");

describe.skipIf(missing !== "")(`behind nginx with an idle limit${missing && ` (${missing})`}`, () => {
  let broker: BowlineProcess;
  let folder: string;
  let nginx: NginxProcess;
  let url: string;
  let server: Server;
  let page: LivingPage;

  beforeAll(async () => {
    broker = await BowlineProcess.start("--listen", "ws://127.0.0.1:0/mqtt", "--no-console");
    folder = await mkdtemp(join(tmpdir(), "bowline-nginx-"));
    const port = await freePort();
    nginx = await NginxProcess.start(folder, proxyTo(broker.urls[0]!, port), port);
    url = `ws://127.0.0.1:${port}/mqtt`;
    server = await servePage();
    page = await LivingPage.open(`http://localhost:${(server.address() as AddressInfo).port}/`);
    await page.until(() => "bowline" in globalThis);
  });
  afterAll(async () => {
    await page?.close();
    server?.close();
    await nginx?.stop();
    await broker?.remove();
    if (folder !== undefined) await rm(folder, { recursive: true });
  });

  test("[C7 client] [C7 drop-in] [C7 page] client, drop-in and page are cut twice, and then no more", async () => {
    const credentials = await broker.user();
    const losses = { client: 0, dropIn: 0 };
    const client = connect(url, { credentials, keepAlive: KEEP_ALIVE, reconnect: { delay: () => 10 } });
    client.on("connectionLost", () => losses.client++);
    const dropIn = mqtt.connect(url, { ...credentials, keepalive: KEEP_ALIVE, reconnectPeriod: 10 });
    dropIn.on("error", () => {});
    dropIn.on("close", () => losses.dropIn++);
    await page.evaluate(connectInPage, { url, credentials, keepAlive: KEEP_ALIVE });
    // The time of the proxy's own timers is what is tested.
    await new Promise((resolve) => setTimeout(resolve, 2 * LIMIT_S * 1000 + WATCHED_MS));
    const inPage = await page.evaluate(() => (globalThis as unknown as { losses: number }).losses);
    expect({ ...losses, inPage }).toEqual({ client: 2, dropIn: 2, inPage: 2 });
    expect(client.status.state).toBe("online");
    expect(dropIn.connected).toBe(true);
    await Promise.all([client.abort(), dropIn.endAsync(true)]);
  }, 60_000);
});

function proxyTo(broker: string, port: number): string {
  return `server {
    listen 127.0.0.1:${port};
    location /mqtt {
      proxy_pass http://${new URL(broker).host};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_read_timeout ${LIMIT_S}s;
    }
  }`;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => probe.once("listening", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/* Runs in the page: it may use nothing of this file. */

async function connectInPage(order: { url: string; credentials: object; keepAlive: number }): Promise<void> {
  const scope = globalThis as unknown as PageGlobals & { losses: number };
  scope.losses = 0;
  const { url, credentials, keepAlive } = order;
  const client = scope.bowline.connect(url, { credentials, keepAlive, reconnect: { delay: () => 10 } });
  client.on("connectionLost", () => scope.losses++);
  await client.online();
}
