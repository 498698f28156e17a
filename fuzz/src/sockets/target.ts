import { AttackedBroker } from "@bowline/testkit/security";

/** The broker that is fuzzed: what it must keep is bounded so that memory can be judged, and nobody is slowed. */
export function startTarget(): Promise<AttackedBroker> {
  const limits = {
    maximumSessionExpiryInterval: 5,
    maximumRetainedMessages: 100,
    maximumQueuedMessages: 1_000,
    reconnectsPerMinute: 0,
    // Attackers come from the friend's address, and each of them counts.
    connectionsPerSecond: 0,
    connectionsPerSecondPerAddress: 0,
    handshakesPerSecond: 0,
    handshakesPerSecondPerAddress: 0,
  };
  return AttackedBroker.start({ limits, metrics: { sysInterval: 0 }, log: { level: "warn" } });
}
