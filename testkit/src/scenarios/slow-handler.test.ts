import { connect } from "@bowline/client";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Clients, pause, until } from "./clients.ts";
import { type UserBroker, userBrokers } from "./user-brokers.ts";

/* G5: a handler of 5 ms per message, and more messages than it can take: any packet that comes counts as life. */

const isLong = process.env["BOWLINE_LONG"] === "1";
const WATCHED_MS = isLong ? 60_000 : 2500;
const KEEP_ALIVE = isLong ? 10 : 1;
const COUNT = isLong ? 100_000 : 12_000;
const HANDLER_MS = 5;

const RIGHT = { username: "u", password: "good" };

async function flood(url: string, topic: string): Promise<void> {
  const publisher = connect(url, { credentials: RIGHT, outbox: { maximumMessages: COUNT, maximumBytes: 2000 * COUNT } });
  const payload = new Uint8Array(1000);
  await publisher.online();
  for (let i = 0; i < COUNT; i += 1000) {
    for (let j = 0; j < 1000; j++) publisher.publish(topic, payload);
    await pause((WATCHED_MS * 1000) / COUNT);
  }
  await publisher.close();
}

for (const { name, missing, start } of userBrokers) {
  describe.skipIf(missing !== "")(`${name}${missing && ` (${missing})`}`, () => {
    let broker: UserBroker;
    const clients = new Clients();
    beforeAll(async () => {
      broker = await start();
      await broker.setPassword(RIGHT.username, RIGHT.password);
    });
    afterEach(() => clients.end());
    afterAll(() => broker?.close());

    test.each(["received", "handled"] as const)(
      `[G5 client] [G5 client mosquitto] a promise of ${HANDLER_MS} ms for each message, acknowledged when %s: no cut in ${WATCHED_MS} ms`,
      async (acknowledge) => {
        const { client, losses } = clients.core(broker.url("mqtt"), { credentials: RIGHT, keepAlive: KEEP_ALIVE });
        let handled = 0;
        const subscription = client.subscribe(`slow/${acknowledge}`, { qos: 1, acknowledge }, async () => {
          handled++;
          await pause(HANDLER_MS);
        });
        await subscription.ready;
        await Promise.all([flood(broker.url("mqtt"), `slow/${acknowledge}`), pause(WATCHED_MS)]);
        expect(losses).toEqual([]);
        expect(client.status.state).toBe("online");
        expect(handled).toBeGreaterThan(WATCHED_MS / HANDLER_MS / 10);
      },
      WATCHED_MS + 60_000,
    );

    test(
      `[G5 drop-in] [G5 drop-in mosquitto] handleMessage of ${HANDLER_MS} ms for each message: no cut in ${WATCHED_MS} ms`,
      async () => {
        const { client, errors, events } = clients.dropIn(broker.url("mqtt"), { ...RIGHT, keepalive: KEEP_ALIVE });
        let handled = 0;
        client.handleMessage = (_packet, done) => {
          handled++;
          setTimeout(done, HANDLER_MS);
        };
        await until(() => client.connected);
        await client.subscribeAsync("slow/drop-in");
        await Promise.all([flood(broker.url("mqtt"), "slow/drop-in"), pause(WATCHED_MS)]);
        expect([errors, events]).toEqual([[], ["connect"]]);
        expect(handled).toBeGreaterThan(WATCHED_MS / HANDLER_MS / 10);
      },
      WATCHED_MS + 60_000,
    );
  });
}
