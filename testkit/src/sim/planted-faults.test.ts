import { type Packet, PacketType } from "@bowline/protocol";
import { describe, expect, test } from "vitest";
import type { PlantedFaults } from "./sim-world.ts";
import { simulate } from "./simulate.ts";
import type { WireFaults } from "./wire-tap.ts";

// A judge that never finds anyone guilty is worth nothing: here the broker is made guilty, by a disk that lies or by something
// that changes its packets, and the oracle must say so within a few hundred seeds and tell it by a short history.

type Change = (packet: Packet) => readonly Packet[];

const outgoing = (make: () => Change): PlantedFaults => ({ wire: (): WireFaults => ({ outgoing: make() }) });
const incoming = (make: () => Change): PlantedFaults => ({ wire: (): WireFaults => ({ incoming: make() }) });

/** Changes every n-th packet that the test picks. */
function nth(n: number, picks: (packet: Packet) => boolean, change: Change): Change {
  let seen = 0;
  return (packet) => (picks(packet) && ++seen % n === 0 ? change(packet) : [packet]);
}

const isPublish = (packet: Packet): packet is Extract<Packet, { type: 3 }> => packet.type === PacketType.PUBLISH;
const isReliable = (packet: Packet): boolean => isPublish(packet) && packet.qos > 0;

/** Holds a message back until the next one has gone. */
function swaps(): Change {
  let held: Packet | undefined;
  return (packet) => {
    if (!isPublish(packet) || packet.qos === 0) return [packet];
    if (held === undefined) {
      held = packet;
      return [];
    }
    const both = [packet, held];
    held = undefined;
    return both;
  };
}

const faults: readonly (readonly [what: string, faults: PlantedFaults, says: RegExp])[] = [
  ["an acknowledgement leaves before its commit", { disk: { lies: true } }, /never got/],
  ["a message for a persistent session is not kept", { disk: { forgets: new Set(["putQueueEntry"]) } }, /never got/],
  ["the identifier of a QoS 2 message is not kept", { disk: { forgets: new Set(["putInboundIdentifier"]) } }, /\d times/],
  ["a retained message is not kept", { disk: { forgets: new Set(["putRetained"]) } }, /the retained message/],
  ["a subscription is not kept", { disk: { forgets: new Set(["putSubscription"]) } }, /never got/],
  ["an unsubscription is not kept", { disk: { forgets: new Set(["deleteSubscription"]) } }, /is not subscribed/],
  ["a session is not kept", { disk: { forgets: new Set(["putSession"]) } }, /promised/],
  ["an acknowledged entry is not forgotten", { disk: { forgets: new Set(["deleteQueueEntry"]) } }, /./],
  [
    "a QoS 2 message goes to a subscriber twice",
    outgoing(() => nth(3, isReliable, (packet) => [packet, { ...packet, packetIdentifier: 60_000 } as Packet])),
    /\d times/,
  ],
  ["messages change places", outgoing(swaps), /published later/],
  ["a message is lost on its way to a subscriber", outgoing(() => nth(4, isReliable, () => [])), /never got/],
  [
    "a message goes to a stranger",
    incoming(() =>
      nth(
        2,
        (packet) => packet.type === PacketType.SUBSCRIBE,
        (packet) => {
          if (packet.type !== PacketType.SUBSCRIBE) return [packet];
          return [{ ...packet, subscriptions: packet.subscriptions.map((one) => ({ ...one, topicFilter: "#" })) }];
        },
      ),
    ),
    /is not subscribed/,
  ],
  [
    "the QoS of a message is raised",
    outgoing(() => (packet) => [isPublish(packet) && packet.qos === 1 ? { ...packet, qos: 2 } : packet]),
    /with QoS 2/,
  ],
  [
    "an identifier is used while it is in flight",
    outgoing(() => (packet) => [isPublish(packet) && packet.qos > 0 ? { ...packet, packetIdentifier: 7 } : packet]),
    /while .* is in flight/,
  ],
  [
    "more messages are sent than the Receive Maximum allows",
    incoming(() => (packet) => {
      if (packet.type !== PacketType.CONNECT || packet.properties?.receiveMaximum === undefined) return [packet];
      return [{ ...packet, properties: { ...packet.properties, receiveMaximum: 0xffff } }];
    }),
    /Receive Maximum/,
  ],
  [
    "a packet is larger than the client takes",
    incoming(() => (packet) => {
      if (packet.type !== PacketType.CONNECT || packet.properties?.maximumPacketSize === undefined) return [packet];
      const { maximumPacketSize: _size, ...properties } = packet.properties;
      return [{ ...packet, properties }];
    }),
    /Maximum Packet Size/,
  ],
  [
    "Session Present is not what it must be",
    outgoing(() =>
      nth(
        1,
        (packet) => packet.type === PacketType.CONNACK,
        (packet) => {
          return packet.type === PacketType.CONNACK ? [{ ...packet, sessionPresent: !packet.sessionPresent }] : [packet];
        },
      ),
    ),
    /promised is not there|must not be/,
  ],
  [
    "a will is sent after a DISCONNECT",
    incoming(() => (packet) => (packet.type === PacketType.DISCONNECT ? [] : [packet])),
    /it was discarded/,
  ],
  [
    "a will is never sent",
    incoming(() => (packet) => {
      if (packet.type !== PacketType.CONNECT) return [packet];
      const { will: _will, ...rest } = packet;
      return [rest];
    }),
    /was never sent/,
  ],
  [
    "a will does not wait",
    incoming(() => (packet) => {
      if (packet.type !== PacketType.CONNECT || packet.will === undefined) return [packet];
      const { willDelayInterval: _delay, ...properties } = packet.will.properties ?? {};
      return [{ ...packet, will: { ...packet.will, properties } }];
    }),
    /ms early/,
  ],
  [
    "an expired message is delivered",
    incoming(() => (packet) => {
      if (!isPublish(packet) || packet.properties?.messageExpiryInterval === undefined) return [packet];
      const { messageExpiryInterval: _interval, ...properties } = packet.properties;
      return [{ ...packet, properties }];
    }),
    /and lives/,
  ],
];

const SEEDS = 400;
const SHORT = 25;

describe(`a fault that is planted is found within ${SEEDS} seeds and told in at most ${SHORT} events`, () => {
  test.each(faults)("%s", { timeout: 120_000 }, async (_what, planted, says) => {
    const { failure } = await simulate(5_000_000, SEEDS, { faults: planted, says });
    expect(failure?.violations.join("; ")).toMatch(says);
    expect(failure!.script.events.length).toBeLessThanOrEqual(SHORT);
  });
});
