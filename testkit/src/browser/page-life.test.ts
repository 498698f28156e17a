import { type Client, connect } from "@bowline/client";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { pause, until } from "../scenarios/clients.ts";
import { type UserBroker, userBrokers } from "../scenarios/user-brokers.ts";
import { missingPrograms } from "../system/missing-programs.ts";
import { statedBar } from "../system/stated-bar.ts";
import { type PageGlobals, servePage } from "./client-page.ts";
import { LivingPage } from "./living-page.ts";
import { WebSocketTap } from "./web-socket-tap.ts";

interface Order {
  url: string;
  credentials: { username: string; password: string };
  onPageHide?: "disconnect" | "will";
  hasWill?: boolean;
  keepAlive?: number;
}

const RIGHT = { username: "u", password: "good" };
const missing = missingPrograms("chromium");
/** A will that did not come by then does not come: our broker sends it within 50 ms of the end. */
const WATCHED_MS = 500;

for (const { name, missing: absent, start } of userBrokers) {
  const reason = missing || absent;
  describe.skipIf(reason !== "")(`the life of a page in Chromium at ${name}${reason && ` (${reason})`}`, () => {
    let broker: UserBroker;
    let watcher: Client;
    let wills = 0;
    let willAt = 0;
    let tap: WebSocketTap;
    let server: Server;
    let page: LivingPage;

    beforeAll(async () => {
      broker = await start();
      await broker.setPassword(RIGHT.username, RIGHT.password);
      watcher = connect(broker.url("mqtt"), { credentials: RIGHT });
      await watcher.subscribe("gone", {}, () => {
        wills++;
        willAt = Date.now();
      }).ready;
      server = await servePage();
    });
    beforeEach(async () => {
      wills = 0;
      tap = await WebSocketTap.start(broker.url("ws"));
      page = await LivingPage.open(`http://localhost:${(server.address() as AddressInfo).port}/`);
      await page.until(() => "bowline" in globalThis);
    });
    afterEach(async () => {
      await page?.close();
      await tap?.close();
    });
    afterAll(async () => {
      await watcher?.abort();
      server?.close();
      await broker?.close();
    });

    const goOnline = async (more: Partial<Order>): Promise<void> =>
      page.evaluate(connectInPage, { url: tap.url, credentials: RIGHT, ...more });
    const goElsewhere = (): Promise<unknown> => page.send("Page.navigate", { url: "about:blank?elsewhere" });
    const closePage = (): Promise<unknown> => page.send("Page.close");
    const lifecycle = (state: "frozen" | "active"): Promise<unknown> => page.send("Page.setWebLifecycleState", { state });
    const willsAfterAWhile = async (): Promise<number> => {
      await pause(WATCHED_MS);
      return wills;
    };
    /** DISCONNECT went before the WebSocket's close, for which a broker that closes at DISCONNECT leaves no time. */
    const expectGoodbye = (): void => expect(tap.sent(tap.connections[0]).join()).toMatch(/^CONNECT,DISCONNECT(,frame 8)?$/);
    const gone = (): Promise<void> => until(() => tap.connections[0]?.endedAt !== undefined);
    const back = (): Promise<void> => until(() => tap.sent(tap.connections[1]).includes("CONNECT"));

    test.each([
      ["navigates", goElsewhere],
      ["is closed", closePage],
    ] as const)(
      "[B3 page] [B3 page mosquitto] that %s with `disconnect` says DISCONNECT before the WebSocket's close, and no will is sent",
      async (_how, leave) => {
        await goOnline({ hasWill: true, onPageHide: "disconnect" });
        await leave();
        await gone();
        expectGoodbye();
        expect(await willsAfterAWhile()).toBe(0);
      },
    );

    test("[B3 page] [B3 page mosquitto] whose application closes the client in its own pagehide listener says DISCONNECT first, and no will is sent", async () => {
      await goOnline({ hasWill: true });
      await page.evaluate(() => {
        const { client } = globalThis as unknown as PageGlobals;
        addEventListener("pagehide", () => void client.close());
      });
      await goElsewhere();
      await gone();
      expectGoodbye();
      expect(await willsAfterAWhile()).toBe(0);
    });

    test("[B4 page] [B4 page mosquitto] leaves the goodbye to the will by default when there is one", async () => {
      await goOnline({ hasWill: true });
      await goElsewhere();
      await gone();
      expect(tap.sent(tap.connections[0])).not.toContain("DISCONNECT");
      expect(await willsAfterAWhile()).toBe(1);
    });

    test("[B1 page] [B1 page mosquitto] that cuts its connection is gone within 100 ms, and the will is there within 200", async () => {
      await goOnline({ hasWill: true });
      const { cutAt, doneAt } = await page.evaluate(abortInPage);
      await gone();
      await until(() => wills > 0);
      expect(willAt - cutAt).toBeLessThan(statedBar(200));
      expect(tap.connections[0]!.endedAt! - cutAt).toBeLessThan(statedBar(100));
      expect(doneAt - cutAt).toBeLessThan(statedBar(500));
    });

    test("[B2 page] [B2 page mosquitto] notices within 1.5 times Keep Alive that its server is silent, and tells it once", async () => {
      const keepAlive = 2;
      await goOnline({ keepAlive });
      tap.isBlackHole = true;
      const { losses, ms } = await page.evaluate(untilLost);
      expect(losses).toEqual(["PING_TIMEOUT"]);
      expect(ms).toBeLessThan(keepAlive * 1500 + statedBar(300));
    });

    test("[B5 page] [B5 page mosquitto] that is frozen says goodbye, and connects within 300 ms of its return", async () => {
      await goOnline({ onPageHide: "disconnect" });
      await lifecycle("frozen");
      await gone();
      expectGoodbye();
      const resumedAt = Date.now();
      await lifecycle("active");
      await back();
      expect(tap.connections[1]!.frames[0]!.at - resumedAt).toBeLessThan(statedBar(300));
      const status = await page.evaluate(() => (globalThis as unknown as PageGlobals).client.online());
      expect(status).toMatchObject({ state: "online", sessionPresent: true });
    });

    test("[B5 page] [B5 page mosquitto] whose connection was cut while it was frozen connects within 300 ms of its return", async () => {
      await goOnline({ hasWill: true, keepAlive: 1 });
      await lifecycle("frozen");
      // Nobody pings: the broker ends it, and sends the will.
      await gone();
      expect(await willsAfterAWhile()).toBe(1);
      const resumedAt = Date.now();
      await lifecycle("active");
      await back();
      expect(tap.connections[1]!.frames[0]!.at - resumedAt).toBeLessThan(statedBar(300));
    });

    test("[B5 page] [B5 page mosquitto] that comes back from the back/forward cache has its connection again", async () => {
      await goOnline({ onPageHide: "disconnect" });
      await goElsewhere();
      await gone();
      // Later, so that this page has answered before it goes.
      await page.evaluate(() => void setTimeout(() => history.back()));
      await back();
      // A page that was loaded anew would have no client.
      const { state } = await page.evaluate(() => (globalThis as unknown as PageGlobals).client.online());
      expect(state).toBe("online");
    });
  });
}

/* These run in the page: they may use nothing of this file. */

async function connectInPage({ url, credentials, onPageHide, hasWill, keepAlive }: Order): Promise<void> {
  const scope = globalThis as unknown as PageGlobals;
  scope.client = scope.bowline.connect(url, {
    credentials,
    ...(onPageHide && { onPageHide }),
    ...(hasWill === true && { will: { topicName: "gone" } }),
    ...(keepAlive && { keepAlive }),
    // Whoever waits for its turn does not come in time.
    reconnect: { firstDelayMs: 60_000 },
    random: () => 1,
  });
  await scope.client.online();
}

async function abortInPage(): Promise<{ cutAt: number; doneAt: number }> {
  const cutAt = Date.now();
  await (globalThis as unknown as PageGlobals).client.abort();
  return { cutAt, doneAt: Date.now() };
}

async function untilLost(): Promise<{ losses: string[]; ms: number }> {
  const { client } = globalThis as unknown as PageGlobals;
  const losses: string[] = [];
  const since = Date.now();
  await new Promise<void>((resolve) => {
    client.on("connectionLost", ({ code }) => {
      losses.push(code);
      resolve();
    });
  });
  return { losses, ms: Date.now() - since };
}
