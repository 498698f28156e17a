import type { Client, PublishResult } from "@bowline/client";
import { expect, test } from "vitest";
import { PublishWindow } from "./publish-window.ts";

/** A client whose messages are acknowledged when the test says so. */
class SlowClient {
  bufferedAmount = 0;
  status = { state: "online" };
  readonly waiting: { resolve: (result: PublishResult) => void; reject: (error: Error) => void }[] = [];

  publish(): Promise<PublishResult> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
    });
  }

  acknowledge(count: number): void {
    for (const { resolve } of this.waiting.splice(0, count)) resolve({ reasonCode: 0 });
  }
}

const body = new Uint8Array(10);
const atLeastOnce = { qos: 1 } as const;
const windowOf = (client: SlowClient): PublishWindow => new PublishWindow(client as unknown as Client);

/** Publishes until there is no room; how many that were, and the promise of room. */
function fill(window: PublishWindow, payload = body): { count: number; room: Promise<void> } {
  for (let count = 1; ; count++) {
    const room = window.publish("t", payload, atLeastOnce);
    if (room !== undefined) return { count, room };
  }
}

test("some messages go without waiting, and one goes for each that is acknowledged", async () => {
  const client = new SlowClient();
  const window = windowOf(client);
  const { count, room } = fill(window);
  expect(count).toBe(500);
  client.acknowledge(1);
  await room;
  expect(fill(window).count).toBe(1);
  expect(window).toMatchObject({ sent: 501, done: 1 });
});

test("large messages fill it sooner", () => {
  expect(fill(windowOf(new SlowClient()), new Uint8Array(1_048_576)).count).toBe(4);
});

test("the first failure is what everybody who waits is told", async () => {
  const client = new SlowClient();
  const window = windowOf(client);
  const { room } = fill(window);
  client.waiting[3]?.reject(new Error("denied"));
  client.waiting[4]?.reject(new Error("later"));
  await expect(room).rejects.toThrow("denied");
  await expect(window.settle()).rejects.toThrow("denied");
});

test("it is settled when all is acknowledged and the last byte has left", async () => {
  const client = new SlowClient();
  const window = windowOf(client);
  void window.publish("t", body, atLeastOnce);
  client.bufferedAmount = 1;
  let isSettled = false;
  const settled = window.settle().then(() => (isSettled = true));
  client.acknowledge(1);
  await new Promise((resolve) => setImmediate(resolve));
  expect(isSettled).toBe(false);
  client.bufferedAmount = 0;
  await settled;
});

test("QoS 0 waits for the transport alone", async () => {
  const client = new SlowClient();
  const window = windowOf(client);
  expect(window.publish("t", body, { qos: 0 })).toBeUndefined();
  client.bufferedAmount = 1e6;
  const room = window.publish("t", body, { qos: 0 });
  client.acknowledge(2);
  await room;
  expect(window).toMatchObject({ sent: 2, done: 2 });
});
