import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, connect } from "@bowline/client";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { seededRandom } from "../virtual/seeded-random.ts";
import { type AnyBroker, anyBrokers } from "./any-broker.ts";
import { PublishingProcess } from "./publishing-process.ts";
import { StoredNumbers } from "./stored-numbers.ts";

const isLong = process.env["BOWLINE_LONG"] === "1";
/** Of each QoS. */
const COUNT = isLong ? 2000 : 200;
const KILLS = isLong ? 20 : 5;
const WINDOW = 40;
/** It is killed before. */
const ENDLESS = 1_000_000;
const seed = Number(process.env["BOWLINE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

describe.each(anyBrokers("mqtts"))("a process with a file store", ({ name, missing, start }) => {
  describe.skipIf(missing !== "")(`that is killed, at ${name}${missing && ` (${missing})`}`, () => {
    let broker: AnyBroker;
    let folder: string;
    let reader: Client;
    let told: StoredNumbers;
    beforeAll(async () => {
      broker = await start();
    });
    afterAll(() => broker?.remove());
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), "bowline-killed-"));
      told = new StoredNumbers();
      const { url, credentials, ca } = broker;
      const session = { clientId: `reader-${Math.random()}`, expiryInterval: 600 };
      reader = connect(url, { credentials, tls: { ca }, session, reconnect: { delay: () => 50 } });
      reader.on("attemptFailed", () => undefined);
    });
    afterEach(async () => {
      await reader.abort();
      await rm(folder, { recursive: true, force: true });
    });

    function publish(count: number): PublishingProcess {
      const { url, credentials, ca } = broker;
      return new PublishingProcess({ url, credentials, ca, folder, from: told.nextLife(), count, window: WINDOW }, told);
    }

    function judge(): void {
      expect(told.failures).toEqual([]);
      expect({ missing1: told.missing(1), missing2: told.missing(2), doubled2: told.doubled(2) }).toEqual({
        missing1: [],
        missing2: [],
        doubled2: [],
      });
    }

    test(
      `[F7 client] [F7 client mosquitto] ${KILLS} kills while it publishes at least ${COUNT} of each QoS: what was stored arrives, QoS 2 once (BOWLINE_SEED=${seed})`,
      async () => {
        const random = seededRandom(seed);
        const { ended } = await told.count(reader);
        for (let kill = 1; kill <= KILLS; kill++) {
          // Moments are counted in messages, so that each falls while they flow; the last one is behind COUNT of each.
          const share = kill === KILLS ? 1 + random() / KILLS : (kill - random()) / KILLS;
          const at = Math.max(told.storedCount + 1, 2 * COUNT * share);
          const child = publish(ENDLESS);
          told.onStored = (count) => {
            if (count >= at) child.kill();
          };
          // oxlint-disable-next-line no-await-in-loop -- One process after the other.
          expect(await child.ended).toBe(false);
        }
        told.onStored = () => undefined;
        expect(await publish(10).ended).toBe(true);
        await ended;
        expect(Math.min(told.stored[1].size, told.stored[2].size)).toBeGreaterThanOrEqual(COUNT - WINDOW);
        judge();
      },
      isLong ? 300_000 : 60_000,
    );

    test(
      `[F7 client] [F7 client mosquitto] ${COUNT} of each QoS published while the broker is away, then killed: all arrive after the restart`,
      async () => {
        const { ended } = await told.count(reader);
        await broker.stop();
        const child = publish(COUNT);
        told.onStored = (count) => {
          if (count === 2 * COUNT) child.kill();
        };
        expect(await child.ended).toBe(false);
        await broker.startAgain();
        expect(await publish(0).ended).toBe(true);
        await ended;
        expect([told.storedCount, told.arrived[1].size, told.arrived[2].size]).toEqual([2 * COUNT, COUNT, COUNT]);
        judge();
        expect(told.doubled(1)).toEqual([]);
      },
      isLong ? 300_000 : 60_000,
    );
  });
});
