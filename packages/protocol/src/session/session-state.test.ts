import { expect, test } from "vitest";
import { OutboundState } from "../flow/message.ts";
import { pushQueue } from "./outbound-queue.ts";
import { SessionState } from "./session-state.ts";

test("[MQTT-3.1.2-4] a session that is begun anew keeps nothing of the one before", () => {
  const state = new SessionState();
  const message = { topicName: new Uint8Array(3), payload: new Uint8Array(5), properties: undefined, expiresAt: 0 };
  const entry = {
    sequence: state.nextSequence++,
    message,
    qos: 1 as const,
    retain: false,
    subscriptionIdentifiers: [],
    state: OutboundState.Queued,
    packetIdentifier: 0,
    sent: false,
    commit: 0,
    tag: undefined,
  };
  pushQueue(state, entry);
  state.inFlight.take(OutboundState.AwaitingPuback, entry);
  state.inbound.add(7);
  state.inboundCommit = 9;
  state.clear();
  expect(state.inFlight.take(OutboundState.AwaitingPuback, undefined)).toBe(1);
  expect([state.queue.length, state.queuedBytes, state.inbound.size, state.inboundCommit]).toEqual([0, 0, 0, 0]);
  expect(state.nextSequence).toBe(1);
});
