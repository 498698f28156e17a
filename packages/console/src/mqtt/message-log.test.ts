import type { Message } from "@bowline/client";
import { expect, test } from "vitest";
import { HEAD_BYTES_MAX, MESSAGES_MAX, MessageLog } from "./message-log.ts";

function message(payload: Uint8Array): Message {
  return { topicName: "a/b", payload, qos: 1, retain: false, dup: false } as Message;
}

test("keeps the newest and counts those it let go of", () => {
  const log = new MessageLog();
  for (let i = 0; i < MESSAGES_MAX + 5; i++) log.add(message(new Uint8Array(2)), i);
  expect(log.messages).toHaveLength(MESSAGES_MAX);
  expect(log.messages[0]).toMatchObject({ number: MESSAGES_MAX + 5, at: MESSAGES_MAX + 4 });
  expect(log).toMatchObject({ received: MESSAGES_MAX + 5, receivedBytes: 2 * (MESSAGES_MAX + 5), notShown: 5 });
});

test("keeps the beginning of a large payload, and not the packet it came in", () => {
  const log = new MessageLog();
  const packet = new Uint8Array(1_000_000);
  log.add(message(packet.subarray(10)), 0);
  expect(log.messages[0]).toMatchObject({ payloadSize: 999_990, head: { length: HEAD_BYTES_MAX } });
  expect(log.messages[0]?.head.buffer.byteLength).toBe(HEAD_BYTES_MAX);
});

test("while paused it counts and shows nothing new, and clearing begins anew", () => {
  const log = new MessageLog();
  log.add(message(new Uint8Array()), 0);
  log.isPaused = true;
  log.add(message(new Uint8Array()), 1);
  expect(log).toMatchObject({ received: 2, notShown: 1, missedInPause: 1 });
  log.clear();
  expect(log).toMatchObject({ received: 0, notShown: 0, missedInPause: 0, messages: [] });
});
