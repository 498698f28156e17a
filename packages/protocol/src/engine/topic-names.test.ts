import * as fc from "fast-check";
import { expect, test } from "vitest";
import { TopicNames } from "./topic-names.ts";

/** The topic's bytes inside a chunk of its own, which is overwritten afterwards as a transport may do. */
function nameOf(names: TopicNames, topic: string): string {
  const chunk = new TextEncoder().encode(`x${topic}!`);
  const name = names.nameOf(chunk, 1, chunk.length - 1);
  chunk.fill(0x2f);
  return name;
}

test("every topic is its own text, however often and in whatever order topics come", () => {
  const topic = fc.oneof(
    fc.integer({ min: 0, max: 5000 }).map((number) => `bench/${number}/t`),
    fc.string({ minLength: 1, maxLength: 20 }).filter((text) => !/[#+\0]/.test(text)),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 }).filter((text) => !/[#+\0]/.test(text)),
  );
  const names = new TopicNames();
  fc.assert(
    fc.property(fc.array(topic, { maxLength: 200, size: "max" }), (topics) => topics.every((one) => nameOf(names, one) === one)),
  );
});

test("more topics than there are places, and long ones, push each other out and are right", () => {
  const names = new TopicNames();
  const topics = Array.from({ length: 3000 }, (_, i) => `${"long/".repeat(i % 60)}${i}`);
  for (let round = 0; round < 2; round++) for (const topic of topics) expect(nameOf(names, topic)).toBe(topic);
});

test("[MQTT-3.3.2-2] [MQTT-1.5.4-1] bytes that are no Topic Name are refused each time", () => {
  const names = new TopicNames();
  for (let round = 0; round < 2; round++) {
    expect(() => nameOf(names, "a/+")).toThrow("TOPIC");
    expect(() => names.nameOf(new Uint8Array([0xff, 0x2f]), 0, 2)).toThrow("PUBLISH");
    expect(nameOf(names, "a/b")).toBe("a/b");
  }
});
