import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLocalCa } from "@bowline/broker/internal";
import { type Client, connect } from "@bowline/client";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { WebSocketTap } from "../browser/web-socket-tap.ts";
import { LocalServer } from "../chaos/local-server.ts";
import { pause, until } from "../scenarios/clients.ts";
import { statedBar } from "../system/stated-bar.ts";
import { browsers } from "./browsers.ts";
import { LifeHost, type LifeOrder } from "./life-host.ts";

/* Pages that are left and come back, in each browser, as a user does it: nothing automates them. */

/** A will that did not come by then does not come. */
const WATCHED_MS = 500;
const BROWSER_MS = 15_000;

for (const { name, missing, open } of browsers) {
  describe.skipIf(missing !== "")(`${name}${missing && ` (${missing})`}: a page`, () => {
    let server: LocalServer;
    let watcher: Client;
    let wills = 0;
    let folder: string;
    let host: LifeHost;
    let end: (() => Promise<void>) | undefined;
    let tap: WebSocketTap;

    beforeAll(async () => {
      server = await LocalServer.start({ listen: ["ws://127.0.0.1:0/mqtt"] });
      watcher = connect(server.url);
      await watcher.subscribe("gone", {}, () => wills++).ready;
      folder = await mkdtemp(join(tmpdir(), "bowline-life-"));
      const { certificate } = await openLocalCa({ folder });
      host = await LifeHost.open();
      end = await open(host.url, certificate);
    });
    beforeEach(async () => {
      wills = 0;
      host.events.length = 0;
      tap = await WebSocketTap.start(server.url);
    });
    afterEach(() => tap.close());
    afterAll(async () => {
      await end?.();
      host?.close();
      await watcher?.abort();
      await server?.close();
      if (folder !== undefined) await rm(folder, { recursive: true });
    });

    const isOnline = (): boolean => host.events.some((event) => event.name === "online");
    const goOnline = async (order: Omit<LifeOrder, "url">): Promise<void> => {
      host.openClient({ url: tap.url, ...order });
      await until(isOnline, BROWSER_MS);
    };
    /** Resolves when its WebSocket is gone. */
    const leave = async (): Promise<void> => {
      host.goElsewhere();
      await until(() => tap.connections[0]?.endedAt !== undefined, BROWSER_MS);
    };

    // Firefox closes a page's WebSockets before it tells the page that it goes: only `beforeunload` comes in time.
    const orders: readonly Omit<LifeOrder, "url">[] = [
      { closesAt: "beforeunload" },
      ...(name === "Firefox" ? [] : ([{ onPageHide: "disconnect" }, { closesAt: "pagehide" }] as const)),
    ];
    // covers: [B3 page]
    test.each(orders)(
      "that is left, %o: DISCONNECT before the WebSocket's close, and no will",
      async (order) => {
        await goOnline({ hasWill: true, ...order });
        await leave();
        expect(tap.sent(tap.connections[0]).join()).toMatch(/^CONNECT,DISCONNECT(,frame 8)?$/);
        await pause(WATCHED_MS);
        expect(wills).toBe(0);
      },
      2 * BROWSER_MS,
    );

    test(
      "[B4 page] that is left leaves the goodbye to its will, by default where there is one",
      async () => {
        await goOnline({ hasWill: true });
        await leave();
        expect(tap.sent(tap.connections[0])).not.toContain("DISCONNECT");
        await until(() => wills === 1);
      },
      2 * BROWSER_MS,
    );

    test(
      "[B5 page] that comes back is connected again, within 300 ms where the browser kept it",
      async () => {
        await goOnline({ onPageHide: "disconnect" });
        await leave();
        host.events.length = 0;
        host.goBack();
        await until(isOnline, BROWSER_MS);
        const back = host.events.find((event) => event.name === "back");
        const connectedAt = tap.connections[1]!.frames[0]!.at;
        // A page that was not kept is a new one, and makes a new client.
        if (back !== undefined) expect(connectedAt - back.at).toBeLessThan(statedBar(300));
        host.goElsewhere();
      },
      2 * BROWSER_MS,
    );
  });
}
