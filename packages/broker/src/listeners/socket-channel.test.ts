import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { SocketChannel } from "./socket-channel.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (let cleanup = cleanups.pop(); cleanup !== undefined; cleanup = cleanups.pop()) await cleanup();
});

interface Pair {
  readonly channel: SocketChannel;
  readonly peer: Socket;
  /** What the handler was told, in order. */
  readonly told: (string | Error)[];
  next(what: string): Promise<void>;
}

/** A channel and the socket at its other end. */
async function pair(peerOptions: { allowHalfOpen?: boolean } = {}): Promise<Pair> {
  const server = createServer({ allowHalfOpen: false, noDelay: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const peer = connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", ...peerOptions });
  peer.on("error", () => {});
  const [socket] = (await once(server, "connection")) as [Socket];
  server.close();
  cleanups.push(
    () => peer.destroy(),
    () => socket.destroy(),
  );
  const channel = new SocketChannel(socket, false);
  const told: (string | Error)[] = [];
  const waiting = new Map<string, () => void>();
  const tell = (what: string, detail: string | Error = what): void => {
    told.push(detail);
    waiting.get(what)?.();
  };
  channel.handler = {
    data: (chunk) => tell("data", Buffer.from(chunk).toString("latin1")),
    drained: () => tell("drained"),
    closed: (cause) => tell("closed", cause ?? "closed"),
  };
  return { channel, peer, told, next: (what) => new Promise((resolve) => waiting.set(what, resolve)) };
}

test("what the system takes whole may be reused at once", async () => {
  const { channel, peer, told } = await pair();
  const bytes = Buffer.from("first");
  expect(channel.write(bytes)).toBe(true);
  bytes.fill("x");
  expect(channel.write(Buffer.from("second"))).toBe(true);
  expect(channel.bufferedBytes).toBe(0);
  let got = "";
  while (got.length < 11) got += String((await once(peer, "data"))[0]);
  expect(got).toBe("firstsecond");
  expect(told).toEqual([]);
});

test("bytes for a peer that does not read are kept, and drained is told once when they are gone", async () => {
  const { channel, peer, told, next } = await pair();
  let writes = 0;
  while (channel.write(new Uint8Array(65_536).fill(7))) writes++;
  expect(writes).toBeGreaterThan(0);
  // Also a short rest, below every high-water mark, must be told.
  expect(channel.write(new Uint8Array(10))).toBe(false);
  expect(channel.bufferedBytes).toBeGreaterThan(10);
  const drained = next("drained");
  let received = 0;
  peer.on("data", (chunk: Buffer) => {
    received += chunk.length;
  });
  await drained;
  expect(channel.bufferedBytes).toBe(0);
  channel.destroy();
  await next("closed");
  expect(told).toEqual(["drained", "closed"]);
});

test("pause before the first byte holds it back until resume", async () => {
  const { channel, peer, told, next } = await pair();
  channel.pause();
  peer.write("early");
  // The peer's own echo of a later write proves that the early bytes have long been delivered to this machine.
  channel.write(Buffer.from("pong"));
  await once(peer, "data");
  expect(told).toEqual([]);
  const data = next("data");
  channel.resume();
  await data;
  expect(told).toEqual(["early"]);
});

test("all channels read into one buffer, and each chunk is whole while its handler runs", async () => {
  const buffers = new Set<ArrayBufferLike>();
  const pairs = await Promise.all(Array.from({ length: 8 }, () => pair()));
  const whole = pairs.map(({ channel, peer }, index) => {
    const sent = Buffer.alloc(300_000, `${index}abc`);
    const got: Buffer[] = [];
    return new Promise<void>((resolve) => {
      channel.handler.data = (chunk) => {
        buffers.add(chunk.buffer);
        got.push(Buffer.from(chunk));
        if (Buffer.concat(got).equals(sent)) resolve();
      };
      peer.write(sent);
    });
  });
  await Promise.all(whole);
  expect(buffers.size).toBe(1);
});

test("end sends everything, drops what still comes, and answers later writes with true", async () => {
  const { channel, peer, told, next } = await pair();
  const closed = next("closed");
  const chunks: Buffer[] = [];
  peer.on("data", (chunk: Buffer) => chunks.push(chunk));
  const big = new Uint8Array(4_000_000).fill(1);
  channel.write(big);
  channel.write(Buffer.from("last"));
  channel.end();
  expect(channel.write(Buffer.from("too late"))).toBe(true);
  peer.write("unread");
  await closed;
  expect(Buffer.concat(chunks)).toHaveLength(4_000_004);
  expect(Buffer.concat(chunks).subarray(-4).toString()).toBe("last");
  expect(told).toEqual(["closed"]);
});

test("a last answer survives although the peer keeps sending", async () => {
  for (let round = 0; round < 20; round++) {
    const { channel, peer, next } = await pair();
    const closed = next("closed");
    channel.handler.data = () => {
      if (channel.write(Buffer.from("refused"))) channel.end();
    };
    let got = "";
    peer.on("data", (chunk) => {
      got += String(chunk);
    });
    for (let i = 0; i < 50; i++) peer.write(Buffer.alloc(20_000));
    await closed;
    expect(got).toBe("refused");
  }
});

test("a peer that never closes is closed by a deadline", async () => {
  const { channel, peer, told, next } = await pair({ allowHalfOpen: true });
  const closed = next("closed");
  peer.resume();
  channel.end();
  await closed;
  expect(told).toEqual(["closed"]);
});

test("the peer's end closes the channel after what it sent", async () => {
  const { peer, told, next } = await pair();
  const closed = next("closed");
  peer.end("bye");
  await closed;
  expect(told).toEqual(["bye", "closed"]);
});

test("a reset is the cause of the close", async () => {
  const { channel, peer, told, next } = await pair();
  const closed = next("closed");
  peer.resetAndDestroy();
  await closed;
  expect(told).toEqual([expect.objectContaining({ code: "ECONNRESET" })]);
  expect(channel.write(Buffer.from("x"))).toBe(true);
});
