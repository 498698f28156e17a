import * as fc from "fast-check";
import { assert, expect, test } from "vitest";
import { type CachedRoute, RouteCache } from "./route-cache.ts";

const encoder = new TextEncoder();

interface Named extends CachedRoute {
  readonly topic: string;
}

/** The topic's bytes inside a chunk of its own, at an odd place. */
function lookUp(cache: RouteCache<Named>, topic: string): Named | undefined {
  const chunk = encoder.encode(`xyz${topic}!`);
  return cache.find(chunk, 3, chunk.length - 1);
}

function insert(cache: RouteCache<Named>, topic: string): Named {
  const chunk = encoder.encode(`x${topic}`);
  const route = { topic, record: -1 };
  cache.insert(chunk, 1, chunk.length, route);
  chunk.fill(0);
  return route;
}

function isAt(cache: RouteCache<Named>, { record }: Named, topic: string): boolean {
  const chunk = encoder.encode(`xy${topic}`);
  return cache.isAt(record, chunk, 2, chunk.length);
}

test("agrees with a Map while it is not full", () => {
  const topic = fc
    .oneof(fc.string({ maxLength: 5 }), fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }))
    .filter((text) => text !== "");
  const step = fc.record({ topic, other: topic });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: "max" }), (steps) => {
      const cache = new RouteCache<Named>(1024);
      const map = new Map<string, Named>();
      for (const { topic: key, other } of steps) {
        map.set(key, insert(cache, key));
        expect(cache.size).toBe(map.size);
        expect(lookUp(cache, other)).toBe(map.get(other));
        const route = map.get(other) ?? map.get(key)!;
        assert(isAt(cache, route, route.topic));
        assert(isAt(cache, route, key) === (route.topic === key));
      }
      for (const [key, route] of map) expect(lookUp(cache, key)).toBe(route);
    }),
  );
});

test("a route that is forgotten, or gives way to another of its topic, is at no record", () => {
  const cache = new RouteCache<Named>(256);
  const first = insert(cache, "a/b");
  const second = insert(cache, "a/b");
  expect(first.record).toBeLessThan(0);
  expect(isAt(cache, second, "a/b")).toBe(true);
  const routes = Array.from({ length: 2_000 }, (_, i) => insert(cache, `${i}/t`));
  const kept = routes.filter(({ record }) => record >= 0);
  expect(kept.length + (second.record >= 0 ? 1 : 0)).toBe(cache.size);
  for (const route of kept) {
    expect(isAt(cache, route, route.topic)).toBe(true);
    expect(isAt(cache, route, `${route.topic.slice(0, -1)}u`)).toBe(false);
  }
});

test("grows to its limit and not beyond, and never answers with another topic's route", () => {
  const cache = new RouteCache<Named>(1_000);
  for (let i = 0; i < 5_000; i++) insert(cache, `bench/${i}/t`);
  expect(cache.size).toBeGreaterThan(900);
  expect(cache.size).toBeLessThanOrEqual(1_024);
  let hits = 0;
  for (let i = 0; i < 5_000; i++) {
    const route = lookUp(cache, `bench/${i}/t`);
    if (route === undefined) continue;
    hits++;
    expect(route.topic).toBe(`bench/${i}/t`);
  }
  expect(hits).toBe(cache.size);
});

test("forgets next to nothing while at most half of its places are taken", () => {
  const cache = new RouteCache<Named>(65_536);
  for (let i = 0; i < 32_000; i++) insert(cache, `acme/plant/line${i % 17}/machine-${i}/temperature`);
  expect(cache.size).toBeGreaterThan(31_950);
});

test("topics that push each other out again and again do not use up memory", () => {
  const cache = new RouteCache<Named>(256);
  for (let i = 0; i < 20_000; i++) insert(cache, `${"long/".repeat(20)}${i}`);
  const { words } = cache as unknown as { words: Int32Array };
  expect(words.length).toBeLessThanOrEqual(256 * 66 * 2);
});

test("topics that collide push each other out and nobody else", () => {
  const cache = new RouteCache<Named>(1_024);
  insert(cache, "bystander");
  // What a change of these bits in one word does to the hash, the change in the next word undoes.
  for (let i = 0; i < 4_096; i++) {
    const chunk = new Uint8Array(96).fill(0x61);
    for (let bit = 0; bit < 12; bit++) if ((i >> bit) & 1) chunk.set([0xe1, 0x61, 0x61, 0x60, 0xe1], bit * 8 + 3);
    cache.insert(chunk, 0, chunk.length, { topic: "", record: -1 });
  }
  expect(cache.size).toBeLessThan(32);
  expect(lookUp(cache, "bystander")).toBeDefined();
});

test("does not remember topics that are empty or longer than 256 bytes", () => {
  const cache = new RouteCache<Named>(256);
  insert(cache, "");
  insert(cache, "a".repeat(257));
  expect(cache.size).toBe(0);
  insert(cache, "a".repeat(256));
  expect(lookUp(cache, "a".repeat(256))).toBeDefined();
  expect(lookUp(cache, "")).toBeUndefined();
});
