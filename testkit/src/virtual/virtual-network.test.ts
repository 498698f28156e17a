import * as fc from "fast-check";
import { expect, test } from "vitest";
import { VirtualClock } from "./virtual-clock.ts";
import type { VirtualChannel, VirtualHandler } from "./virtual-link.ts";
import { VirtualNetwork } from "./virtual-network.ts";

/** Keeps what it is told, chunks copied. */
class Recorder implements VirtualHandler {
  readonly chunks: string[] = [];
  readonly events: string[] = [];
  private readonly decoder = new TextDecoder();

  get text(): string {
    return this.chunks.join("");
  }
  opened(): void {
    this.events.push("opened");
  }
  data(chunk: Uint8Array): void {
    this.chunks.push(this.decoder.decode(chunk));
  }
  drained(): void {
    this.events.push("drained");
  }
  closed(cause: Error | undefined): void {
    this.events.push(cause === undefined ? "closed" : `closed: ${cause.message}`);
  }
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

interface Standing {
  clock: VirtualClock;
  client: VirtualChannel;
  server: VirtualChannel;
  atClient: Recorder;
  atServer: Recorder;
}

function standing(link: ConstructorParameters<typeof VirtualNetwork>[1] = {}): Standing {
  const clock = new VirtualClock();
  const { client, server } = new VirtualNetwork(clock, link).pair();
  const atClient = new Recorder();
  const atServer = new Recorder();
  client.handler = atClient;
  server.handler = atServer;
  return { clock, client, server, atClient, atServer };
}

test("a dialler and an acceptor meet by name, after one round trip", async () => {
  const clock = new VirtualClock();
  const network = new VirtualNetwork(clock, { link: { latencyMs: 20 } });
  const atServer = new Recorder();
  const atClient = new Recorder();
  network.listen("broker", (channel) => {
    channel.handler = atServer;
    channel.write(bytesOf("hello"));
  });
  const client = network.connect("broker", atClient);
  expect(client.write(bytesOf("early"))).toBe(false);
  await clock.advance(39);
  expect([atClient.events, atClient.text]).toEqual([[], ""]);
  await clock.advance(1);
  expect([atClient.events, atClient.text]).toEqual([["opened"], "hello"]);
  await clock.advance(20);
  expect(atServer.text).toBe("early");
  expect(client.facts.milestone).toBe("connected");
});

test("a name nobody listens to refuses, a silent one never answers", async () => {
  const clock = new VirtualClock();
  const network = new VirtualNetwork(clock);
  const stop = network.listen("broker", () => {});
  stop();
  const refused = new Recorder();
  network.connect("broker", refused);
  network.silence("firewalled");
  const silent = new Recorder();
  const hanging = network.connect("firewalled", silent);
  await clock.advance(60_000);
  expect(refused.events).toEqual(["closed: connect ECONNREFUSED"]);
  expect(silent.events).toEqual([]);
  hanging.destroy();
  await clock.runUntilIdle();
  expect(silent.events).toEqual(["closed"]);
  expect(network.links).toEqual([]);
});

test("one that is destroyed while it connects is closed at the other end too", async () => {
  const clock = new VirtualClock();
  const network = new VirtualNetwork(clock, { link: { latencyMs: 10 } });
  const atServer = new Recorder();
  network.listen("broker", (channel) => {
    channel.handler = atServer;
  });
  const client = network.connect("broker");
  await clock.advance(15);
  client.destroy();
  await clock.runUntilIdle();
  expect(atServer.events).toEqual(["closed"]);
});

test("a client's dialler meets the acceptor of its target's host, and keeps its chunks", async () => {
  const clock = new VirtualClock();
  const network = new VirtualNetwork(clock);
  network.listen("broker", (channel) => void channel.write(bytesOf("kept")));
  const chunks: Uint8Array[] = [];
  const handler: VirtualHandler = { data: (chunk) => void chunks.push(chunk), drained() {}, closed() {} };
  network.dialer()({ host: "broker" }, handler);
  await clock.runUntilIdle();
  expect(chunks).toEqual([bytesOf("kept")]);
});

test("overwrites a chunk when data returns, and takes an array only while write answers true", async () => {
  const { clock, client, server, atServer } = standing({ link: { windowBytes: 4 } });
  const kept: Uint8Array[] = [];
  server.handler = { data: (chunk) => void kept.push(chunk), drained() {}, closed() {} };
  const array = bytesOf("abcd");
  expect(client.write(array)).toBe(true);
  array.fill(0);
  await clock.advance(0);
  expect(kept).toEqual([new Uint8Array(4).fill(0xdb)]);
  server.handler = atServer;
  const long = bytesOf("12345678");
  expect(client.write(long)).toBe(false);
  long.fill(0x30, 4);
  await clock.runUntilIdle();
  expect(atServer.text).toBe("12340000");
});

test("a window that is full makes write answer false, and drained comes when all is on its way", async () => {
  const { clock, client, server, atClient, atServer } = standing({ link: { windowBytes: 10 } });
  server.pause();
  expect(client.write(bytesOf("0123456"))).toBe(true);
  expect(client.write(bytesOf("789abc"))).toBe(false);
  expect(client.bufferedBytes).toBe(3);
  expect(client.write(bytesOf("d"))).toBe(false);
  await clock.advance(1_000);
  expect([atServer.text, atClient.events]).toEqual(["", []]);
  server.resume();
  await clock.advance(0);
  expect([atServer.text, atClient.events]).toEqual(["0123456789abcd", ["drained"]]);
  expect(client.bufferedBytes).toBe(0);
});

test("bytes take their time: latency once, and each its share of the bandwidth", async () => {
  const { clock, client, atServer } = standing({ link: { latencyMs: 50, bytesPerSecond: 14_600 } });
  client.write(new Uint8Array(2_920).fill(0x61));
  await clock.advance(149);
  expect(atServer.text).toHaveLength(0);
  await clock.advance(1);
  expect(atServer.text).toHaveLength(1_460);
  await clock.advance(100);
  expect(atServer.text).toHaveLength(2_920);
  // Lower latency does not let bytes overtake others.
  client.write(bytesOf("b"));
  client.link.options.latencyMs = 0;
  client.write(bytesOf("c"));
  await clock.runUntilIdle();
  expect(atServer.text.slice(-2)).toBe("bc");
});

test("cuts chunks where it is told, the same way for the same seed", async () => {
  const split = async (chunking: "random" | number, seed: number): Promise<string[]> => {
    const { clock, client, atServer } = standing({ seed, link: { chunking } });
    client.write(bytesOf("abcdefgh"));
    client.write(bytesOf("ijkl"));
    await clock.runUntilIdle();
    expect(atServer.text).toBe("abcdefghijkl");
    return atServer.chunks;
  };
  expect(await split(5, 1)).toEqual(["abcde", "fghij", "kl"]);
  expect(await split(1, 1)).toHaveLength(12);
  expect(await split("random", 7)).toEqual(await split("random", 7));
  expect(await split("random", 7)).not.toEqual(await split("random", 8));
});

test("the end goes behind everything written, and closes both sides once", async () => {
  const { clock, client, server, atClient, atServer } = standing({ link: { latencyMs: 5, windowBytes: 8 } });
  server.write(bytesOf("late"));
  client.write(bytesOf("a longer text than the window"));
  client.end();
  expect(client.write(bytesOf("too late"))).toBe(true);
  await clock.runUntilIdle();
  expect(atServer.text).toBe("a longer text than the window");
  expect([atClient.events, atServer.events]).toEqual([["closed"], ["closed"]]);
  expect(clock.now()).toBeLessThan(1_000);
  expect(client.link.isClosed).toBe(true);
});

test("a peer that does not read any more cannot keep an ended channel open for ever", async () => {
  const { clock, client, server, atClient } = standing();
  server.pause();
  client.write(bytesOf("unread"));
  client.end();
  await clock.advance(5_999);
  expect(atClient.events).toEqual([]);
  await clock.advance(1);
  expect(atClient.events).toEqual(["closed"]);
});

test("destroy drops what has not left, and the peer sees the end", async () => {
  const { clock, client, atClient, atServer } = standing({ link: { windowBytes: 4 } });
  client.write(bytesOf("leftover"));
  client.destroy();
  expect(atClient.events).toEqual([]);
  await clock.runUntilIdle();
  expect(atServer.text).toBe("left");
  expect([atClient.events, atServer.events]).toEqual([["closed"], ["closed"]]);
});

test("who writes to an end that is gone gets a reset", async () => {
  const { clock, client, server, atServer } = standing({ link: { latencyMs: 10 } });
  client.destroy();
  server.write(bytesOf("lost"));
  client.link.fromClient.stall();
  await clock.advance(20);
  expect(atServer.events).toEqual(["closed: read ECONNRESET"]);
});

test("cut ends both sides now, and what is under way is lost", async () => {
  const { clock, client, atClient, atServer } = standing({ link: { latencyMs: 10 } });
  client.write(bytesOf("lost"));
  await clock.advance(5);
  client.link.cut();
  await clock.runUntilIdle();
  expect(clock.now()).toBe(5);
  expect(atServer.text).toBe("");
  expect([atClient.events, atServer.events]).toEqual([["closed: read ECONNRESET"], ["closed: read ECONNRESET"]]);
});

test("cutAfter delivers exactly so many bytes of its direction, whatever the chunks are", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(40), fc.integer(), fc.constantFrom("reset" as const, "end" as const), async (bytes, seed, kind) => {
      const { clock, client, atServer } = standing({ seed, link: { chunking: "random" } });
      client.link.fromClient.cutAfter(bytes, kind);
      client.write(bytesOf("0123456789".repeat(4)));
      await clock.runUntilIdle();
      expect(atServer.text).toHaveLength(bytes);
      expect(atServer.events).toEqual([kind === "reset" ? "closed: read ECONNRESET" : "closed"]);
    }),
    { numRuns: 60 },
  );
});

test("a stalled link is silent until it is released, and then nothing is missing", async () => {
  const { clock, client, server, atClient, atServer } = standing({ link: { latencyMs: 1 } });
  client.link.stall();
  client.write(bytesOf("held up"));
  server.end();
  await clock.advance(3_000);
  expect([atServer.text, atClient.events]).toEqual(["", []]);
  client.link.release();
  await clock.runUntilIdle();
  expect([atClient.events, atServer.events]).toEqual([["closed"], ["closed"]]);
});

test("records what was delivered each way", async () => {
  const { clock, client, server } = standing({ link: { chunking: 3 } });
  client.write(bytesOf("question"));
  server.write(bytesOf("answer"));
  await clock.runUntilIdle();
  expect(client.link.fromClient.recorded()).toEqual(bytesOf("question"));
  expect(client.link.fromServer.recorded()).toEqual(bytesOf("answer"));
  expect(client.link.fromClient.deliveredBytes).toBe(8);
});

// Whatever the chunks, the window and the latency are and whoever pauses when: each side reads what the other wrote, once and in
// order, and both are closed at the end.
test("a stream arrives whole over any link", async () => {
  const world = fc.record({
    seed: fc.integer(),
    latencyMs: fc.nat(50),
    windowBytes: fc.integer({ min: 1, max: 64 }),
    bytesPerSecond: fc.constantFrom(Infinity, 10_000),
    writes: fc.array(fc.string({ unit: "grapheme-ascii", maxLength: 40 }), { maxLength: 12 }),
    pauses: fc.array(fc.nat(30), { maxLength: 4 }),
  });
  await fc.assert(
    fc.asyncProperty(world, async ({ seed, writes, pauses, ...link }) => {
      const { clock, client, server, atClient, atServer } = standing({ seed, link: { ...link, chunking: "random" } });
      for (const text of writes) {
        client.write(bytesOf(text));
        server.write(bytesOf(text.toUpperCase()));
      }
      for (const delayMs of pauses) {
        server.pause();
        await clock.advance(delayMs);
        server.resume();
        await clock.advance(delayMs);
      }
      await clock.runUntilIdle();
      expect(atServer.text).toBe(writes.join(""));
      expect(atClient.text).toBe(writes.join("").toUpperCase());
      expect([client.bufferedBytes, server.bufferedBytes]).toEqual([0, 0]);
      client.end();
      await clock.runUntilIdle();
      expect([atClient.events.at(-1), atServer.events.at(-1)]).toEqual(["closed", "closed"]);
    }),
    { numRuns: 150 },
  );
});
