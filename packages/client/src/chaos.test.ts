import { describe, expect, test } from "vitest";
import { connect } from "./connect.ts";
import { SessionServer } from "./testing/session-server.ts";
import { turn, VirtualClock } from "./testing/virtual-clock.ts";

/** Mulberry32: a small seeded source of chance. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const MESSAGES = 400;
const firstOccurrences = (texts: readonly string[]): string[] => [...new Set(texts)];
const expected = Array.from({ length: MESSAGES }, (_, i) => String(i));

async function run(seed: number, qos: 1 | 2, protocolVersion: 4 | 5) {
  const random = chance(seed);
  const clock = new VirtualClock();
  const server = new SessionServer(qos);
  let isCalm = false;
  server.passes = (length) => (!isCalm && random() < 0.02 ? Math.floor(random() * (length + 1)) : length);
  const client = connect("mqtt://server.test", {
    protocolVersion,
    transport: server.dial,
    clock,
    random,
    session: { clientId: "chaos", expiryInterval: 3600 },
    reconnect: { delay: () => random() * 20, maximumTakeovers: 0 },
  });
  // Cuts before CONNACK are failed attempts; here they are meant.
  client.on("attemptFailed", () => undefined);
  const received: string[] = [];
  client.subscribe("down", { qos }, (m) => received.push(m.text()));
  const publications: PromiseLike<unknown>[] = [];
  for (const text of expected) {
    publications.push(client.publish("up", text, { qos }));
    server.deliver(text);
    await clock.advance(random() * 4);
  }
  isCalm = true;
  for (let i = 0; i < 100; i++) await clock.advance(50);
  await Promise.all(publications);
  await turn();
  const cuts = server.links.length - 1;
  await client.close();
  return { server, received, cuts, pending: clock.pending };
}

describe.each([4, 5] as const)("version %i, cut at any byte", (version) => {
  test.each([1, 2] as const)("QoS %i: nothing lost, nothing out of order, QoS 2 nothing twice", async (qos) => {
    for (let seed = 1; seed <= 8; seed++) {
      const { server, received, cuts, pending } = await run(seed, qos, version);
      const label = `seed ${seed}`;
      expect(cuts, label).toBeGreaterThan(10);
      expect(firstOccurrences(server.taken), label).toEqual(expected);
      expect(firstOccurrences(received), label).toEqual(expected);
      if (qos === 2) {
        expect(server.taken, label).toHaveLength(MESSAGES);
        expect(received, label).toHaveLength(MESSAGES);
      }
      expect(server.isIdle, label).toBe(true);
      expect(pending, label).toBe(0);
    }
  });
});
