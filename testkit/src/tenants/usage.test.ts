// What a tenant used agrees with an independent count, and a process that is killed loses the last second of it at most and adds nothing.
import { type Client, connect } from "@bowline/client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TenantProcess } from "./tenant-process.ts";

const isLong = process.env["BOWLINE_LONG"] === "1";
const KILLS = isLong ? 20 : 2;
const MESSAGES = isLong ? 5_000 : 500;

let broker: TenantProcess;
let client: Client | undefined;
beforeEach(async () => {
  broker = await TenantProcess.start();
}, 60_000);
afterEach(async () => {
  await client?.abort();
  await broker.end();
});

interface Usage {
  messagesReceived: number;
  messagesSent: number;
  bytesReceived: number;
  sessionMinutes: number;
}

async function usage(): Promise<Usage> {
  const { months } = await broker.admin<{ months: Usage[] }>("GET", "usage");
  return months[0] ?? { messagesReceived: 0, messagesSent: 0, bytesReceived: 0, sessionMinutes: 0 };
}

/** Publishes to itself; resolves when all came back. */
async function exchange(count: number): Promise<void> {
  const credentials = await broker.process.user();
  client = connect(broker.url, { reconnect: false, credentials, tls: { ca: await broker.process.ca() } });
  const subscription = client.subscribe("#", { qos: 1 });
  await subscription.ready;
  const sent = Array.from({ length: count }, (_, i) => Promise.resolve(client!.publish(`t/${i}`, "x".repeat(50), { qos: 1 })));
  let received = 0;
  for await (const _ of subscription) if (++received === count) break;
  await Promise.all(sent);
}

test(
  `usage after ${KILLS} kill -9 is what was counted, and never more`,
  async () => {
    let total = 0;
    for (let i = 0; i < KILLS; i++) {
      const before = await usage();
      await exchange(MESSAGES);
      total += MESSAGES;
      // Counted once a second.
      let counted = await usage();
      while (counted.messagesReceived < total || counted.messagesSent < total) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        counted = await usage();
      }
      expect(counted).toMatchObject({ messagesReceived: total, messagesSent: total });
      expect(counted.bytesReceived).toBeGreaterThan(before.bytesReceived + MESSAGES * 50);
      // What comes now may be lost, and is no more than this.
      await exchange(10);
      await broker.process.kill();
      await broker.process.startAgain();
      const after = await usage();
      expect(after.messagesReceived).toBeGreaterThanOrEqual(total);
      expect(after.messagesReceived).toBeLessThanOrEqual(total + 10);
      total = after.messagesReceived;
      expect(after.sessionMinutes).toBeGreaterThanOrEqual(counted.sessionMinutes);
    }
  },
  isLong ? 600_000 : 60_000,
);
