import { expect, test } from "vitest";
import { OutgoingPublish } from "./outgoing-publish.ts";

/** Publishes one message after the other, each in the callback of the one before; resolves when the event loop had a turn. */
function publishInCallbacks(): Promise<number> {
  return new Promise((resolve) => {
    let count = 0;
    let isTurned = false;
    setImmediate(() => {
      isTurned = true;
    });
    const publishNext = (): void => {
      if (isTurned) resolve(count);
      else if (++count < 100_000) new OutgoingPublish("a", "b", {}, publishNext, 4).done(0);
    };
    publishNext();
  });
}

test("a QoS 0 message in the callback of another, and so on, uses up neither the stack nor the event loop", async () => {
  expect(await publishInCallbacks()).toBeLessThan(1_000);
});

test("callbacks of QoS 0 messages keep their order when some wait for the next turn", async () => {
  const called: number[] = [];
  for (let n = 0; n < 1_000; n++) new OutgoingPublish("a", "b", {}, () => called.push(n), 4).done(0);
  expect(called.length).toBeLessThan(1_000);
  await new Promise(setImmediate);
  expect(called).toEqual(Array.from({ length: 1_000 }, (_, n) => n));
});
