import { type OutboundEntry, OutboundState } from "../flow/message.ts";
import { DROPPED_EXPIRED } from "./sender.ts";
import { ServerHarness } from "@bowline/testkit/engine";
import { expect, test } from "vitest";

function mortal(expiresAt: number): OutboundEntry {
  const message = { topicName: Uint8Array.of(0x74), payload: new Uint8Array(0), properties: undefined, expiresAt };
  const rest = { retain: false, subscriptionIdentifiers: [], packetIdentifier: 0, sent: false, commit: 0, tag: undefined };
  return { sequence: 1, message, qos: 1, state: OutboundState.Queued, ...rest };
}

test("[MQTT-3.3.2-5] a message that got its identifier but never left is dropped when it has expired by the next connection", () => {
  const first = new ServerHarness().open(5);
  first.session.survives = true;
  first.entryCommit = 1;
  first.sender.enqueue(mortal(1000));
  expect(first.take()).toEqual([]);
  const second = new ServerHarness(first.session);
  second.now = 2000;
  second.open(5);
  expect(second.take()).toEqual([]);
  expect(second.session.inFlight.count).toBe(0);
  expect(DROPPED_EXPIRED).toBeLessThan(0);
});
