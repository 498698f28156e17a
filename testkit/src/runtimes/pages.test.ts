import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { browsers } from "./browsers.ts";
import { PageHost } from "./page-host.ts";
import { filesFor, filesForStoreInServiceWorker, type PagePackage, type Place, scopes } from "./page-places.ts";
import { SuiteBroker } from "./suite-broker.ts";

/* The built scripts, in pages and in each kind of worker. */

let broker: SuiteBroker;
beforeAll(async () => {
  broker = await SuiteBroker.start();
});
afterAll(() => broker?.remove());

for (const browser of browsers) {
  const { name, missing } = browser;
  describe.skipIf(missing !== "")(`${name}${missing && ` (${missing})`}`, () => {
    let host: PageHost;
    let end: (() => Promise<void>) | undefined;
    beforeAll(async () => {
      host = await PageHost.open();
      end = await browser.open(host.url, broker.ca);
    });
    afterAll(async () => {
      await end?.();
      host?.close();
    });

    test("a store that a service worker cannot load ends the client at once, and says what to do", async () => {
      const setting = await broker.setting("wss", { isBrowser: true });
      const { scope, results } = await host.run({ setting, files: filesForStoreInServiceWorker() });
      expect(scope).toBe(scopes["service worker"]);
      expect(results).toMatchObject([{ name: "failed", error: "STORE_FAILED; storage; Bundle the client into one file." }]);
    }, 30_000);

    describe.each(["client", "mqttjs"] satisfies PagePackage[])("@bowline/%s", (packageName) => {
      test.each(Object.keys(scopes) as Place[])(
        "over wss in a %s passes every case",
        async (place) => {
          const setting = await broker.setting("wss", { isBrowser: true });
          const { scope, results } = await host.run({ setting, files: filesFor(place, packageName) });
          expect(scope).toBe(scopes[place]);
          expect(results.filter(({ error }) => error !== undefined)).toEqual([]);
          expect(results.length).toBeGreaterThan(5);
          await broker.leftBy(setting);
        },
        90_000,
      );
    });
  });
}
