import { type Cut, type Direction, EnginePair } from "@bowline/testkit/engine";
import { describe, expect, test } from "vitest";
import type { ProtocolVersion } from "../packet/packets.ts";

// Small cases in full: a link cut at every byte of an exchange, in both directions, and again at every byte of the reconnect.
// QoS 1 arrives at least once, QoS 2 exactly once, in order; in the end nothing is in flight on either side.

const directions: readonly Direction[] = ["toServer", "toClient"];

/** Daily a third of the second cuts, other ones for each first cut. */
const THIN = process.env["BOWLINE_LONG"] === "1" ? 1 : 3;

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
    test.each(directions)("%s, cut at every byte, and at bytes of the reconnect", (sender) => {
      const whole = pairWith(version, sender, qos);
      whole.connect();
      expectDelivered(whole, sender, qos, "without a cut");
      let cases = 0;
      for (const direction of directions) {
        for (let afterBytes = 0; afterBytes <= whole.carried[direction]; afterBytes++) {
          cases += everySecondCut(version, sender, qos, { direction, afterBytes });
        }
      }
      expect(cases).toBeGreaterThan(1000 / THIN);
    });
  });
});

describe.each([3, 4, 5] as const)("MQTT level %i, both directions at once and both QoS mixed", (version) => {
  test("cut at every byte, and at every 32nd byte of the reconnect", () => {
    const whole = mixedPair(version);
    whole.connect();
    expectMixed(whole, "without a cut");
    for (const direction of directions) {
      for (let afterBytes = 0; afterBytes <= whole.carried[direction]; afterBytes++) {
        everyMixedCut(version, { direction, afterBytes });
      }
    }
  });
});

/** What each side sends: QoS 1 and 2 in turn, so that their flows lie in each other. */
const MIXED = [1, 2, 2, 1] as const;

function mixedPair(version: ProtocolVersion): EnginePair {
  const pair = new EnginePair(version);
  for (const direction of directions) for (const [i, qos] of MIXED.entries()) pair.publish(direction, `${qos}${i}`, qos);
  return pair;
}

function everyMixedCut(version: ProtocolVersion, first: Cut): void {
  for (const direction of directions) {
    // Each first cut begins at another of the 32.
    for (let afterBytes = first.afterBytes % 32; ; afterBytes += 32) {
      const pair = mixedPair(version);
      pair.connect(first);
      const second = { direction, afterBytes };
      const wasCut = pair.connect(second);
      if (wasCut) pair.connect();
      expectMixed(pair, `${JSON.stringify(first)} then ${JSON.stringify(second)}`);
      if (!wasCut) break;
    }
  }
}

/** Section 4.6 orders each QoS by itself; a QoS 1 message may come again. */
function expectMixed(pair: EnginePair, cuts: string): void {
  for (const direction of directions) {
    const ofQos = (qos: string): string[] => pair.arrived[direction].filter((payload) => payload.startsWith(qos));
    const completed = pair.completed[direction].toSorted((a, b) => a - b);
    expect([ofQos("2"), [...new Set(ofQos("1"))], completed], cuts).toEqual([
      ["21", "22"],
      ["10", "13"],
      [1, 2, 3, 4],
    ]);
  }
  for (const session of [pair.clientSession, pair.serverSession]) {
    expect([session.inFlight.count, session.inbound.size, session.queue.length], cuts).toEqual([0, 0, 0]);
  }
}

function everySecondCut(version: ProtocolVersion, sender: Direction, qos: 1 | 2, first: Cut): number {
  let cases = 0;
  for (const direction of directions) {
    for (let afterBytes = first.afterBytes % THIN; ; afterBytes += THIN) {
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
