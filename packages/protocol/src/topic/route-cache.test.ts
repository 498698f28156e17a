import * as fc from "fast-check";
import { assert, expect, test } from "vitest";
import { RouteCache } from "./route-cache.ts";

const encoder = new TextEncoder();

/** The topic's bytes inside a chunk of its own, at an odd place. */
function lookUp(cache: RouteCache<object>, topic: string): object | undefined {
  const chunk = encoder.encode(`xyz${topic}!`);
  return cache.find(chunk, 3, chunk.length - 1);
}

function insert(cache: RouteCache<object>, topic: string, route: object): void {
  const chunk = encoder.encode(`x${topic}`);
  cache.insert(chunk, 1, chunk.length, route);
  chunk.fill(0);
}

function remove(cache: RouteCache<object>, topic: string): boolean {
  const chunk = encoder.encode(topic);
  return cache.delete(chunk, 0, chunk.length);
}

test("agrees with a Map while it is not full", () => {
  const topic = fc
    .oneof(fc.string({ maxLength: 5 }), fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }))
    .filter((text) => text !== "");
  const step = fc.record({ kind: fc.constantFrom("insert", "insert", "insert", "delete", "clear"), topic, other: topic });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: "max" }), (steps) => {
      const cache = new RouteCache<object>(1024);
      const map = new Map<string, object>();
      for (const { kind, topic: key, other } of steps) {
        if (kind === "insert") {
          const route = { key };
          insert(cache, key, route);
          map.set(key, route);
        } else if (kind === "delete") assert(remove(cache, key) === map.delete(key));
        else if (map.size > 50) {
          cache.clear();
          map.clear();
        }
        expect(cache.size).toBe(map.size);
        expect(lookUp(cache, other)).toBe(map.get(other));
      }
      for (const [key, route] of map) expect(lookUp(cache, key)).toBe(route);
    }),
  );
});

test("grows to its limit and not beyond, and never answers with another topic's route", () => {
  const cache = new RouteCache<{ topic: string }>(1_000);
  for (let i = 0; i < 5_000; i++) insert(cache, `bench/${i}/t`, { topic: `bench/${i}/t` });
  expect(cache.size).toBeGreaterThan(900);
  expect(cache.size).toBeLessThanOrEqual(1_024);
  let hits = 0;
  for (let i = 0; i < 5_000; i++) {
    const route = lookUp(cache, `bench/${i}/t`);
    if (route === undefined) continue;
    hits++;
    expect(route).toEqual({ topic: `bench/${i}/t` });
  }
  expect(hits).toBe(cache.size);
});

test("forgets next to nothing while at most half of its places are taken", () => {
  const cache = new RouteCache<object>(65_536);
  for (let i = 0; i < 32_000; i++) insert(cache, `acme/plant/line${i % 17}/machine-${i}/temperature`, {});
  expect(cache.size).toBeGreaterThan(31_950);
});

test("a topic that changes places again and again does not use up memory", () => {
  const cache = new RouteCache<object>(256);
  for (let i = 0; i < 20_000; i++) {
    insert(cache, `${"long/".repeat(20)}${i}`, {});
    if (i % 3 === 0) remove(cache, `${"long/".repeat(20)}${i}`);
  }
  const { words } = cache as unknown as { words: Int32Array };
  expect(words.length).toBeLessThanOrEqual(256 * 64 * 2);
});

test("topics that collide push each other out and nobody else", () => {
  const cache = new RouteCache<object>(1_024);
  insert(cache, "bystander", {});
  // What a change of these bits in one word does to the hash, the change in the next word undoes.
  for (let i = 0; i < 4_096; i++) {
    const chunk = new Uint8Array(96).fill(0x61);
    for (let bit = 0; bit < 12; bit++) if ((i >> bit) & 1) chunk.set([0xe1, 0x61, 0x61, 0x60, 0xe1], bit * 8 + 3);
    cache.insert(chunk, 0, chunk.length, {});
  }
  expect(cache.size).toBeLessThan(32);
  expect(lookUp(cache, "bystander")).toBeDefined();
});

test("does not remember topics that are empty or longer than 256 bytes", () => {
  const cache = new RouteCache<object>(256);
  insert(cache, "", {});
  insert(cache, "a".repeat(257), {});
  expect(cache.size).toBe(0);
  insert(cache, "a".repeat(256), {});
  expect(lookUp(cache, "a".repeat(256))).toBeDefined();
  expect(lookUp(cache, "")).toBeUndefined();
});
