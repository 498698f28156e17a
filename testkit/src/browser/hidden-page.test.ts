import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BowlineProcess } from "../system/bowline-process.ts";
import { missingPrograms } from "../system/missing-programs.ts";
import { type PageGlobals, servePage } from "./client-page.ts";
import { LivingPage } from "./living-page.ts";
import { WebSocketTap } from "./web-socket-tap.ts";

const missing = missingPrograms("chromium");
/** Chromium throttles a hidden page's timers to one a second, and after this (by itself 5 minutes) chained ones to one a minute. */
const GRACE_S = 2;
const FLAGS = [`--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/${GRACE_S}`];
const KEEP_ALIVE = 4;
/** A chain of timers is throttled from the fifth on, which by then is long overdue. */
const WATCHED_MS = 20_000;

describe.skipIf(missing !== "")(`a page that is hidden${missing && ` (${missing})`}`, () => {
  let broker: BowlineProcess;
  let tap: WebSocketTap;
  let server: Server;
  let page: LivingPage;

  beforeAll(async () => {
    broker = await BowlineProcess.start("--listen", "ws://127.0.0.1:0/mqtt", "--no-console");
    tap = await WebSocketTap.start(broker.urls[0]!);
    server = await servePage();
    page = await LivingPage.open(`http://localhost:${(server.address() as AddressInfo).port}/`, FLAGS);
    await page.until(() => "bowline" in globalThis);
  });
  afterAll(async () => {
    await page?.close();
    server?.close();
    await tap?.close();
    await broker?.remove();
  });

  test("keeps its connection although its timers are throttled", async () => {
    await page.evaluate(connectInPage, { url: tap.url, credentials: await broker.user(), keepAlive: KEEP_ALIVE });
    await page.hide();
    expect(await page.evaluate(() => document.visibilityState)).toBe("hidden");
    await page.evaluate(countTimers);
    await new Promise((resolve) => setTimeout(resolve, WATCHED_MS));
    const ticks = await page.evaluate(() => (globalThis as unknown as { ticks: number }).ticks);
    const [connection] = tap.connections;
    const pings = tap.sent(connection).filter((name) => name === "PINGREQ");
    // A chain of timers of the page's own shows that it is throttled.
    expect(ticks).toBeLessThan(WATCHED_MS / 1000 / 2);
    expect(tap.connections).toHaveLength(1);
    expect(pings.length).toBeGreaterThanOrEqual(Math.floor(WATCHED_MS / 1000 / KEEP_ALIVE) - 1);
  }, 40_000);
});

/* Run in the page: they may use nothing of this file. */

async function connectInPage(order: { url: string; credentials: object; keepAlive: number }): Promise<void> {
  const { url, ...options } = order;
  const scope = globalThis as unknown as PageGlobals;
  scope.client = scope.bowline.connect(url, options);
  await scope.client.online();
}

function countTimers(): void {
  const scope = globalThis as unknown as { ticks: number };
  scope.ticks = 0;
  const tick = (): void => {
    scope.ticks++;
    setTimeout(tick, 100);
  };
  tick();
}
