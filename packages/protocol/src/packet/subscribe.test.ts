import { describe, expect, test } from "vitest";
import { MqttError } from "../errors/mqtt-error.ts";
import { decodePacket } from "./decode.ts";
import { encodeToBytes } from "./encode.ts";
import { TOPIC_FILTERS_MAX } from "./topic-filters-max.ts";
import type { Packet, ProtocolVersion, SubscribePacket, SubscriptionRequest } from "./packets.ts";

const plain: SubscriptionRequest = { topicFilter: "a/b", qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 };
const subscribe: SubscribePacket = { type: 8, packetIdentifier: 1, subscriptions: [plain] };

function outcome(packet: Uint8Array, version: ProtocolVersion, bodyStart = 2): Packet | number {
  try {
    return decodePacket(packet, 0, bodyStart, packet.length, version);
  } catch (error) {
    if (!MqttError.is(error)) throw error;
    return error.reasonCode ?? -1;
  }
}

/** The SUBSCRIBE with this byte of options, which is its last. */
function withOptions(options: number, version: ProtocolVersion, topicFilter = "a/b"): Packet | number {
  const packet = encodeToBytes({ ...subscribe, subscriptions: [{ ...plain, topicFilter }] }, version);
  packet[packet.length - 1] = options;
  return outcome(packet, version);
}

const every = Array.from({ length: 256 }, (_, options) => options);

describe("the options of a Subscription, all 256", () => {
  test("[MQTT-3.8.3-5] reserved bits and QoS 3 are malformed, Retain Handling 3 is a Protocol Error, the rest is read", () => {
    for (const options of every) {
      const qos = options & 3;
      const retainHandling = (options >>> 4) & 3;
      const fault = options > 0x3f || qos === 3 ? 0x81 : retainHandling === 3 ? 0x82 : 0;
      const request = { ...plain, qos, noLocal: (options & 4) !== 0, retainAsPublished: (options & 8) !== 0, retainHandling };
      expect(withOptions(options, 5), `options ${options}`).toEqual(
        fault === 0 ? { ...subscribe, subscriptions: [request] } : fault,
      );
    }
  });

  test("[v3 MQTT-3.8.3-4] before 5.0 there is a QoS of 0, 1 or 2 and nothing else", () => {
    for (const options of every) {
      const isRight = options <= 2;
      expect(withOptions(options, 4), `options ${options}`).toEqual(
        isRight ? { ...subscribe, subscriptions: [{ ...plain, qos: options }] } : 0x81,
      );
    }
  });

  test("[MQTT-3.8.3-4] No Local on a Shared Subscription is a Protocol Error, and is not sent", () => {
    const topicFilter = "$share/group/a";
    for (const options of [0, 1, 2, 8]) {
      expect(withOptions(options, 5, topicFilter)).toMatchObject({ subscriptions: [{ topicFilter, noLocal: false }] });
      expect(withOptions(options | 4, 5, topicFilter)).toBe(0x82);
    }
    const shared = { ...plain, topicFilter, noLocal: true };
    expect(() => encodeToBytes({ ...subscribe, subscriptions: [plain, shared] }, 5)).toThrow(MqttError);
    expect(withOptions(4, 5, "$sharegroup/a")).toMatchObject({ subscriptions: [{ noLocal: true }] });
  });
});

describe("a request without a Topic Filter is a Protocol Error, and is not sent", () => {
  test.each([3, 4, 5] as const)(
    "[MQTT-3.8.3-2] [v3 MQTT-3.8.3-3] [MQTT-3.10.3-2] [v3 MQTT-3.10.3-2] SUBSCRIBE and UNSUBSCRIBE (version %i)",
    (version) => {
      const empty = version === 5 ? [3, 0, 1, 0] : [2, 0, 1];
      expect(outcome(Uint8Array.from([0x82, ...empty]), version)).toBe(0x82);
      expect(outcome(Uint8Array.from([0xa2, ...empty]), version)).toBe(0x82);
      expect(() => encodeToBytes({ ...subscribe, subscriptions: [] }, version)).toThrow(MqttError);
      expect(() => encodeToBytes({ type: 10, packetIdentifier: 1, topicFilters: [] }, version)).toThrow(MqttError);
    },
  );
});

test("[MQTT-2.2.2-1] a packet of 5.0 without properties has a Property Length of 0, and none before", () => {
  const packets: readonly [packet: Packet, at: number][] = [
    [{ type: 1, protocolVersion: 5, cleanStart: true, keepAlive: 0, clientIdentifier: "c" }, 12],
    [{ type: 2, sessionPresent: false, reasonCode: 0 }, 4],
    [{ type: 3, topicName: "t", payload: Uint8Array.of(9), qos: 0, retain: false, dup: false }, 5],
    [subscribe, 4],
    [{ type: 9, packetIdentifier: 1, reasonCodes: [1] }, 4],
    [{ type: 10, packetIdentifier: 1, topicFilters: ["a"] }, 4],
    [{ type: 11, packetIdentifier: 1, reasonCodes: [0x11] }, 4],
    [{ type: 15, reasonCode: 0x18 }, 3],
  ];
  for (const [packet, at] of packets) {
    const bytes = encodeToBytes(packet, 5);
    expect(bytes[at], `packet type ${packet.type}`).toBe(0);
    expect(outcome(bytes, 5)).toEqual(packet);
    // Without that byte the packet is not what it says it is.
    const without = Uint8Array.from([...bytes.slice(0, at), ...bytes.slice(at + 1)]);
    without[1] = without.length - 2;
    const isShort = packet.type === 15;
    if (!isShort) expect(outcome(without, 5), `packet type ${packet.type}`).not.toEqual(packet);
  }
  expect(encodeToBytes(subscribe, 4)).toHaveLength(encodeToBytes(subscribe, 5).length - 1);
});

test.each([4, 5] as const)("version %i: as many Topic Filters as a session may have, and not one more", (version) => {
  for (const extra of [0, 1]) {
    const length = TOPIC_FILTERS_MAX + extra;
    const requests = encodeToBytes({ ...subscribe, subscriptions: Array.from({ length }, () => plain) }, version);
    const removals = encodeToBytes({ type: 10, packetIdentifier: 1, topicFilters: Array.from({ length }, () => "a") }, version);
    for (const bytes of [requests, removals]) {
      // Their Remaining Length has three bytes.
      const found = outcome(bytes, version, 4);
      expect(typeof found === "number" ? found : found.type).toBe(extra === 1 ? 0x97 : bytes === requests ? 8 : 10);
    }
  }
});
