import { connect } from "@bowline/client";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { LocalServer } from "../chaos/local-server.ts";
import { Clients, pause, until } from "./clients.ts";

/* G5: a handler of 5 ms per message, and more messages than it can take: any packet that comes counts as life. */

const isLong = process.env["BOWLINE_LONG"] === "1";
const WATCHED_MS = isLong ? 60_000 : 4000;
const KEEP_ALIVE = isLong ? 10 : 1;
const COUNT = isLong ? 100_000 : 20_000;
const HANDLER_MS = 5;

let server: LocalServer;
const clients = new Clients();
beforeAll(async () => {
  server = await LocalServer.start();
});
afterEach(() => clients.end());
afterAll(() => server.close());

async function flood(topic: string): Promise<void> {
  const publisher = connect(server.url, { outbox: { maximumMessages: COUNT, maximumBytes: 2000 * COUNT } });
  const payload = new Uint8Array(1000);
  await publisher.online();
  for (let i = 0; i < COUNT; i += 1000) {
    for (let j = 0; j < 1000; j++) publisher.publish(topic, payload);
    await pause((WATCHED_MS * 1000) / COUNT);
  }
  await publisher.close();
}

test.each(["received", "handled"] as const)(
  `[G5 client] a promise of ${HANDLER_MS} ms for each message, acknowledged when %s: no cut in ${WATCHED_MS} ms`,
  async (acknowledge) => {
    const { client, losses } = clients.core(server.url, { keepAlive: KEEP_ALIVE });
    let handled = 0;
    const subscription = client.subscribe(`slow/${acknowledge}`, { qos: 1, acknowledge }, async () => {
      handled++;
      await pause(HANDLER_MS);
    });
    await subscription.ready;
    await Promise.all([flood(`slow/${acknowledge}`), pause(WATCHED_MS)]);
    expect(losses).toEqual([]);
    expect(client.status.state).toBe("online");
    expect(handled).toBeGreaterThan(WATCHED_MS / HANDLER_MS / 10);
  },
  WATCHED_MS + 60_000,
);

test(
  `[G5 drop-in] handleMessage of ${HANDLER_MS} ms for each message: no cut in ${WATCHED_MS} ms`,
  async () => {
    const { client, errors, events } = clients.dropIn(server.url, { keepalive: KEEP_ALIVE });
    let handled = 0;
    client.handleMessage = (_packet, done) => {
      handled++;
      setTimeout(done, HANDLER_MS);
    };
    await until(() => client.connected);
    await client.subscribeAsync("slow/drop-in");
    await Promise.all([flood("slow/drop-in"), pause(WATCHED_MS)]);
    expect([errors, events]).toEqual([[], ["connect"]]);
    expect(handled).toBeGreaterThan(WATCHED_MS / HANDLER_MS / 10);
  },
  WATCHED_MS + 60_000,
);
