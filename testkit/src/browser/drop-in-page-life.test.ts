import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Client, connect } from "@bowline/client";
import type mqttjs from "@bowline/mqttjs";
import type { MqttClient } from "@bowline/mqttjs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { LocalServer } from "../chaos/local-server.ts";
import { pause, until } from "../scenarios/clients.ts";
import { missingPrograms } from "../system/missing-programs.ts";
import { statedBar } from "../system/stated-bar.ts";
import { serveDropInPage } from "./client-page.ts";
import { LivingPage } from "./living-page.ts";
import { WebSocketTap } from "./web-socket-tap.ts";

/* The drop-in in a page that is left, frozen and back, or whose server goes silent. */

interface Order {
  url: string;
  hasWill?: boolean;
  keepalive?: number;
  onPageHide?: "disconnect" | "will";
}
interface Scope {
  mqtt: typeof mqttjs;
  client: MqttClient;
  told: string[];
}

const missing = missingPrograms("chromium");
/** A will that did not come by then does not come. */
const WATCHED_MS = 500;
const PROMPT_MS = 400;

describe.skipIf(missing !== "")(`the drop-in in a page of Chromium${missing && ` (${missing})`}`, () => {
  let server: LocalServer;
  let watcher: Client;
  let wills = 0;
  let pages: Server;
  let tap: WebSocketTap;
  let page: LivingPage;

  beforeAll(async () => {
    server = await LocalServer.start({ listen: ["ws://127.0.0.1:0/mqtt"] });
    watcher = connect(server.url);
    await watcher.subscribe("gone", {}, () => wills++).ready;
    pages = await serveDropInPage();
  });
  beforeEach(async () => {
    wills = 0;
    tap = await WebSocketTap.start(server.url);
    page = await LivingPage.open(`http://localhost:${(pages.address() as AddressInfo).port}/`);
    await page.until(() => "mqtt" in globalThis);
  });
  afterEach(async () => {
    await page?.close();
    await tap?.close();
  });
  afterAll(async () => {
    await watcher?.abort();
    pages?.close();
    await server?.close();
  });

  const goOnline = (order: Omit<Order, "url">): Promise<void> => page.evaluate(connectInPage, { url: tap.url, ...order });
  const goElsewhere = (): Promise<unknown> => page.send("Page.navigate", { url: "about:blank?elsewhere" });
  const lifecycle = (state: "frozen" | "active"): Promise<unknown> => page.send("Page.setWebLifecycleState", { state });
  const gone = (): Promise<void> => until(() => tap.connections[0]?.endedAt !== undefined);
  const willsAfterAWhile = async (): Promise<number> => {
    await pause(WATCHED_MS);
    return wills;
  };

  test("that is left with `disconnect` says DISCONNECT before the WebSocket's close, and no will is sent", async () => {
    await goOnline({ hasWill: true, onPageHide: "disconnect" });
    await goElsewhere();
    await gone();
    expect(tap.sent(tap.connections[0]).join()).toMatch(/^CONNECT,DISCONNECT(,frame 8)?$/);
    expect(await willsAfterAWhile()).toBe(0);
  });

  test("whose application ends it in pagehide says DISCONNECT first, and no will is sent", async () => {
    await goOnline({ hasWill: true });
    await page.evaluate(() => {
      const { client } = globalThis as unknown as Scope;
      addEventListener("pagehide", () => client.end());
    });
    await goElsewhere();
    await gone();
    expect(tap.sent(tap.connections[0]).join()).toMatch(/^CONNECT,DISCONNECT(,frame 8)?$/);
    expect(await willsAfterAWhile()).toBe(0);
  });

  // By itself Chromium keeps the sockets of a page that it keeps for a return, with MQTT.js as with the drop-in.
  test("that is left with `will` leaves the goodbye to its will", async () => {
    await goOnline({ hasWill: true, onPageHide: "will" });
    await goElsewhere();
    await gone();
    expect(tap.sent(tap.connections[0])).not.toContain("DISCONNECT");
    await until(() => wills === 1);
  });

  test("that is frozen with `disconnect` says goodbye, and connects within 300 ms of its return", async () => {
    await goOnline({ onPageHide: "disconnect" });
    await lifecycle("frozen");
    await gone();
    expect(tap.sent(tap.connections[0])).toContain("DISCONNECT");
    const resumedAt = Date.now();
    await lifecycle("active");
    await until(() => tap.sent(tap.connections[1]).includes("CONNECT"));
    expect(tap.connections[1]!.frames[0]!.at - resumedAt).toBeLessThan(statedBar(300));
    await page.until(() => (globalThis as unknown as Scope).client.connected);
  });

  test("end(true) cuts at once, and the will is there", async () => {
    await goOnline({ hasWill: true });
    const started = Date.now();
    await page.evaluate(() => (globalThis as unknown as Scope).client.endAsync(true).then(() => undefined));
    await gone();
    await until(() => wills === 1);
    expect(tap.connections[0]!.endedAt! - started).toBeLessThanOrEqual(PROMPT_MS);
  });

  // covers: [F6 drop-in]
  test("that is `reliable` sends what it was given offline once it was loaded anew", async () => {
    const clientId = `reliable-${Date.now()}`;
    const came: string[] = [];
    await watcher.subscribe(clientId, { qos: 2 }, (message) => came.push(message.text())).ready;
    tap.isBlackHole = true;
    await page.evaluate(publishReliably, { url: tap.url, clientId });
    tap.isBlackHole = false;
    await page.send("Page.reload");
    await page.until(() => "mqtt" in globalThis && !("client" in globalThis));
    await page.evaluate(goOnReliably, { url: tap.url, clientId });
    await until(() => came.length === 2);
    expect(came).toEqual(["1", "2"]);
  });

  test("a server gone silent is found within 1.5 times the Keep Alive, and told once", async () => {
    await goOnline({ keepalive: 1 });
    tap.isBlackHole = true;
    const started = Date.now();
    await page.until(() => (globalThis as unknown as Scope).told.length > 0);
    expect(Date.now() - started).toBeLessThanOrEqual(1500 + 500);
    expect(await page.evaluate(() => (globalThis as unknown as Scope).told)).toEqual(["Keepalive timeout"]);
  });
});

/* These run in the page: they may use nothing of this file. */

async function connectInPage({ url, hasWill, keepalive, onPageHide }: Order): Promise<void> {
  const scope = globalThis as unknown as Scope;
  scope.told = [];
  scope.client = scope.mqtt.connect(url, {
    clientId: `page-${Math.random().toString(36).slice(2)}`,
    reconnectPeriod: 60_000,
    ...(hasWill === true && { will: { topic: "gone", payload: "" as never } }),
    ...(keepalive !== undefined && { keepalive }),
    ...(onPageHide && { bowline: { onPageHide } }),
  });
  scope.client.on("error", (error) => scope.told.push(error.message));
  await new Promise<void>((resolve) => scope.client.on("connect", () => resolve()));
}

/** Resolves when both messages are kept. */
async function publishReliably({ url, clientId }: { url: string; clientId: string }): Promise<void> {
  const scope = globalThis as unknown as Scope;
  scope.client = scope.mqtt.connect(url, { clientId, bowline: { reliable: true } });
  for (const text of ["1", "2"]) {
    await new Promise<void>((resolve) => scope.client.publish(clientId, text, { qos: 1, cbStorePut: () => resolve() }));
  }
}

async function goOnReliably({ url, clientId }: { url: string; clientId: string }): Promise<void> {
  const scope = globalThis as unknown as Scope;
  scope.client = scope.mqtt.connect(url, { clientId, bowline: { reliable: true }, reconnectPeriod: 20 });
  scope.client.on("error", () => undefined);
  await new Promise<void>((resolve) => scope.client.on("connect", () => resolve()));
}
