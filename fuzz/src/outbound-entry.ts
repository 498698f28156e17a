import type { QoS } from "@bowline/protocol";
import { type OutboundEntry, OutboundState, type SessionState } from "@bowline/protocol/internal";
import type { Random } from "./random.ts";

const topics: readonly Uint8Array[] = ["a", "a/b", "topic/0123456789", "x".repeat(180)].map((topic) => Buffer.from(topic));

/** A message on its way to the peer, with or without a commit to wait for. */
export function outboundEntry(random: Random, session: SessionState, commit: number, now: number): OutboundEntry {
  return {
    sequence: session.nextSequence++,
    message: {
      topicName: topics[random.below(topics.length)]!,
      payload: new Uint8Array(random.below(2) === 0 ? 3 : 100),
      properties: undefined,
      expiresAt: random.below(4) === 0 ? now + random.below(3000) : 0,
    },
    qos: random.below(3) as QoS,
    retain: random.below(2) === 0,
    subscriptionIdentifiers: random.below(2) === 0 ? [] : [1 + random.below(300)],
    state: OutboundState.Queued,
    packetIdentifier: 0,
    sent: false,
    commit: random.below(3) === 0 ? commit : 0,
    tag: undefined,
  };
}
