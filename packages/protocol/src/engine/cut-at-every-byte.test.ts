import { type Cut, type Direction, EnginePair } from "@bowline/testkit/engine";
import { describe, expect, test } from "vitest";
import type { ProtocolVersion } from "../packet/packets.ts";

// Small cases in full: a link cut at every byte of an exchange, in both directions, and again at every byte of the reconnect.
// QoS 1 arrives at least once, QoS 2 exactly once, in order; in the end nothing is in flight on either side.

const directions: readonly Direction[] = ["toServer", "toClient"];

function pairWith(version: ProtocolVersion, sender: Direction, qos: 1 | 2): EnginePair {
  const pair = new EnginePair(version);
  for (const payload of ["a", "b"]) pair.publish(sender, payload, qos);
  return pair;
}

function expectDelivered(pair: EnginePair, sender: Direction, qos: 1 | 2, cuts: string): void {
  const arrived = pair.arrived[sender];
  expect(qos === 2 ? arrived : [...new Set(arrived)], cuts).toEqual(["a", "b"]);
  expect(
    pair.completed[sender].toSorted((a, b) => a - b),
    cuts,
  ).toEqual([1, 2]);
  for (const session of [pair.clientSession, pair.serverSession]) {
    expect([session.inFlight.count, session.inbound.size, session.queue.length], cuts).toEqual([0, 0, 0]);
  }
}

describe.each([3, 4, 5] as const)("MQTT level %i", (version) => {
  describe.each([1, 2] as const)("QoS %i", (qos) => {
    // covers: [MQTT-4.4.0-1] [v3 MQTT-4.4.0-1] [MQTT-3.3.2-7] [MQTT-4.3.3-6] [MQTT-4.3.3-10]
    test.each(directions)("%s, cut at every byte, and at every byte of the reconnect", (sender) => {
      const whole = pairWith(version, sender, qos);
      whole.connect();
      expectDelivered(whole, sender, qos, "without a cut");
      let cases = 0;
      for (const direction of directions) {
        for (let afterBytes = 0; afterBytes <= whole.carried[direction]; afterBytes++) {
          cases += everySecondCut(version, sender, qos, { direction, afterBytes });
        }
      }
      expect(cases).toBeGreaterThan(1000);
    });
  });
});

function everySecondCut(version: ProtocolVersion, sender: Direction, qos: 1 | 2, first: Cut): number {
  let cases = 0;
  for (const direction of directions) {
    for (let afterBytes = 0; ; afterBytes++) {
      const pair = pairWith(version, sender, qos);
      pair.connect(first);
      const wasCut = pair.connect({ direction, afterBytes });
      if (wasCut) pair.connect();
      expectDelivered(pair, sender, qos, `${JSON.stringify(first)} then ${JSON.stringify({ direction, afterBytes })}`);
      cases++;
      if (!wasCut) break;
    }
  }
  return cases;
}
