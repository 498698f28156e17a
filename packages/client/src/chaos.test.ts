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
  return {
    seed,
    taken: qos === 2 ? server.taken : firstOccurrences(server.taken),
    received: qos === 2 ? received : firstOccurrences(received),
    wasCut: cuts > 10,
    isServerIdle: server.isIdle,
    timersLeft: clock.pending,
  };
}

describe.each([4, 5] as const)("version %i, cut at any byte", (version) => {
  test.each([1, 2] as const)("QoS %i: nothing lost, nothing out of order, QoS 2 nothing twice", async (qos) => {
    for (let seed = 1; seed <= 8; seed++) {
      const whole = { seed, taken: expected, received: expected, wasCut: true, isServerIdle: true, timersLeft: 0 };
      expect(await run(seed, qos, version)).toEqual(whole);
    }
  });
});
