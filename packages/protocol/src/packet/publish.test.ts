import { describe, expect, test } from "vitest";
import { encodeToBytes } from "./encode.ts";
import type { Properties, PublishPacket } from "./packets.ts";
import { checkTopicName, extendRun, parsePublish, scanPublish } from "./publish.ts";
import { PublishOffsets } from "./publish-offsets.ts";
import { publishToPacket } from "./publish-packet.ts";

const publish: PublishPacket = { type: 3, topicName: "a/b", payload: Uint8Array.of(1, 2), qos: 0, retain: false, dup: false };

/** The packets one after the other, as a chunk brings them. */
function chunkOf(...packets: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(packets.flatMap((packet) => Array.from(packet)));
}

function parse(packet: Uint8Array, version: 4 | 5): PublishOffsets {
  // Not at the beginning of its array, so that a forgotten offset shows.
  const chunk = chunkOf(Uint8Array.of(0xc0, 0), packet);
  const offsets = new PublishOffsets();
  expect(parsePublish(chunk, 2, 4, chunk.length, version, offsets)).toBe(0);
  return offsets;
}

describe("offsets", () => {
  test("name every part of a PUBLISH", () => {
    const packet: PublishPacket = { ...publish, qos: 2, retain: true, dup: true, packetIdentifier: 0x0102 };
    expect(parse(encodeToBytes(packet, 4), 4)).toMatchObject({
      packetStart: 2,
      packetEnd: 13,
      count: 1,
      qos: 2,
      retain: true,
      dup: true,
      topicStart: 6,
      topicEnd: 9,
      packetIdentifier: 0x0102,
      propertiesStart: 11,
      propertiesEnd: 11,
      payloadStart: 11,
      payloadEnd: 13,
    });
  });

  test("say which properties a server rewrites or a client must not send", () => {
    const facts = (properties: Properties): object => {
      const { topicAlias, messageExpiryInterval, hasSubscriptionIdentifier, needsRewrite } = parse(
        encodeToBytes({ ...publish, properties }, 5),
        5,
      );
      return { topicAlias, messageExpiryInterval, hasSubscriptionIdentifier, needsRewrite };
    };
    const none = { topicAlias: 0, messageExpiryInterval: -1, hasSubscriptionIdentifier: false, needsRewrite: false };
    const rewritten = { ...none, needsRewrite: true };
    expect(facts({})).toEqual(none);
    expect(facts({ contentType: "t", userProperties: [["a", "b"]] })).toEqual(none);
    expect(facts({ topicAlias: 0x1234 })).toEqual({ ...rewritten, topicAlias: 0x1234 });
    expect(facts({ messageExpiryInterval: 0 })).toEqual({ ...rewritten, messageExpiryInterval: 0 });
    expect(facts({ messageExpiryInterval: 0xffff_ffff })).toEqual({ ...rewritten, messageExpiryInterval: 0xffff_ffff });
    expect(facts({ subscriptionIdentifiers: [1] })).toEqual({ ...rewritten, hasSubscriptionIdentifier: true });
  });

  test("forget what the packet before them had", () => {
    const offsets = new PublishOffsets();
    const rich = encodeToBytes(
      { ...publish, properties: { topicAlias: 1, messageExpiryInterval: 1, subscriptionIdentifiers: [1] } },
      5,
    );
    const poor = encodeToBytes(publish, 5);
    expect(parsePublish(rich, 0, 2, rich.length, 5, offsets)).toBe(0);
    expect(parsePublish(poor, 0, 2, poor.length, 5, offsets)).toBe(0);
    expect(offsets).toMatchObject({
      topicAlias: 0,
      messageExpiryInterval: -1,
      hasSubscriptionIdentifier: false,
      needsRewrite: false,
    });
  });

  test("make a packet whose payload is a view", () => {
    const chunk = encodeToBytes({ ...publish, topicName: "ü" }, 4);
    const offsets = new PublishOffsets();
    expect(parsePublish(chunk, 0, 2, chunk.length, 4, offsets)).toBe(0);
    const packet = publishToPacket(chunk, offsets);
    expect(packet).toEqual({ ...publish, topicName: "ü" });
    expect(packet.payload.buffer).toBe(chunk.buffer);
  });
});

test("scanPublish leaves the topic's bytes to checkTopicName", () => {
  const chunk = Uint8Array.of(0x30, 5, 0, 2, 0x61, 0x23, 0);
  const offsets = new PublishOffsets();
  expect(scanPublish(chunk, 0, 2, chunk.length, 4, offsets)).toBe(0);
  expect(checkTopicName(chunk, offsets.topicStart, offsets.topicEnd)).toBe(0x90);
  expect(checkTopicName(chunk, offsets.topicStart, offsets.topicEnd - 1)).toBe(0);
});

describe("a run", () => {
  const packet = encodeToBytes(publish, 5);
  const other = encodeToBytes({ ...publish, payload: Uint8Array.of(3, 4) }, 5);
  const cases: readonly [name: string, follow: Uint8Array, count: number][] = [
    ["takes packets that differ in their payload", chunkOf(other, packet), 3],
    ["ends at another topic", encodeToBytes({ ...publish, topicName: "a/c" }, 5), 1],
    ["ends at another length", encodeToBytes({ ...publish, payload: Uint8Array.of(1) }, 5), 1],
    ["ends at another flag", encodeToBytes({ ...publish, retain: true }, 5), 1],
    [
      "ends at other properties",
      encodeToBytes({ ...publish, payload: Uint8Array.of(), properties: { payloadFormatIndicator: 1 } }, 5),
      1,
    ],
    ["ends at a packet that is cut", other.slice(0, -1), 1],
    ["is not longer than asked for", chunkOf(other, other, other, other), 4],
  ];
  test.each(cases)("%s", (_name, follow, count) => {
    const chunk = chunkOf(packet, follow);
    const offsets = new PublishOffsets();
    expect(parsePublish(chunk, 0, 2, packet.length, 5, offsets)).toBe(0);
    extendRun(chunk, offsets, 4);
    expect(offsets).toMatchObject({ count, packetEnd: count * packet.length, payloadEnd: packet.length });
  });
});
