import { once } from "node:events";
import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { WebSocket } from "ws";
import { afterEach, expect, test } from "vitest";
import type { Arrival } from "./arrival.ts";
import { attachWebSocket } from "./web-socket.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (let cleanup = cleanups.pop(); cleanup !== undefined; cleanup = cleanups.pop()) await cleanup();
});

interface Pair {
  readonly arrival: Arrival;
  readonly peer: WebSocket;
  /** What the handler was told, in order. */
  readonly told: string[];
  next(what: string): Promise<void>;
}

/** An HTTP server of somebody else that also answers the WebSocket, and one connection to it. */
async function pair(): Promise<Pair> {
  const server = createServer((_request, response) => response.end("their page"));
  const told: string[] = [];
  const waiting = new Map<string, () => void>();
  const tell = (what: string, detail = what): void => {
    told.push(detail);
    waiting.get(what)?.();
  };
  const arrived = new Promise<Arrival>((resolve) => {
    attachWebSocket(server, {
      maxMessageBytes: 100_000_000,
      accept(arrival) {
        arrival.channel.handler = {
          data: (chunk) => tell("data", Buffer.from(chunk).toString("latin1")),
          drained: () => tell("drained"),
          closed: () => tell("closed"),
        };
        resolve(arrival);
      },
    });
  });
  server.listen(0, "127.0.0.1");
  cleanups.push(() => server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const peer = new WebSocket(`ws://127.0.0.1:${port}/mqtt`, "mqtt");
  peer.on("error", () => {});
  cleanups.push(() => peer.terminate());
  const [arrival] = await Promise.all([arrived, once(peer, "open")]);
  return { arrival, peer, told, next: (what) => new Promise((resolve) => waiting.set(what, resolve)) };
}

test("a server of somebody else keeps its requests and gives us the upgrades of the path", async () => {
  const { arrival, peer } = await pair();
  expect(arrival).toMatchObject({
    tenant: "default",
    transport: "ws",
    remoteAddress: "127.0.0.1",
    http: { path: "/mqtt", subprotocol: "mqtt" },
  });
  const { port } = new URL(peer.url);
  const page = connect({ port: Number(port), host: "127.0.0.1" });
  page.write("GET / HTTP/1.0\r\n\r\n");
  expect(String((await once(page, "data"))[0])).toContain("their page");
  const stranger = new WebSocket(`ws://127.0.0.1:${port}/other`, "mqtt");
  const [error] = (await once(stranger, "error")) as [Error];
  expect(error.message).toContain("404");
});

test("bytes for a peer that does not read are kept, and drained is told when they are gone", async () => {
  const { arrival, peer, told, next } = await pair();
  const { channel } = arrival;
  peer.pause();
  expect(channel.write(Buffer.from("small"))).toBe(true);
  while (channel.write(new Uint8Array(65_536)));
  expect(channel.bufferedBytes).toBeGreaterThan(0);
  const drained = next("drained");
  peer.resume();
  await drained;
  expect(channel.bufferedBytes).toBe(0);
  expect(told).toEqual(["drained"]);
});

test("a paused channel delivers nothing until it is resumed", async () => {
  const { arrival, peer, told, next } = await pair();
  arrival.channel.pause();
  peer.send("early", { binary: true });
  arrival.channel.write(Buffer.from("pong"));
  await once(peer, "message");
  expect(told).toEqual([]);
  const data = next("data");
  arrival.channel.resume();
  await data;
  expect(told).toEqual(["early"]);
});

test("end sends everything, then closes with 1000, and drops what still comes", async () => {
  const { arrival, peer, told, next } = await pair();
  const closed = next("closed");
  let received = 0;
  peer.on("message", (chunk: Buffer) => {
    received += chunk.length;
  });
  arrival.channel.write(new Uint8Array(3_000_000));
  arrival.channel.end();
  expect(arrival.channel.write(Buffer.from("too late"))).toBe(true);
  peer.send("unread", { binary: true });
  expect((await once(peer, "close"))[0]).toBe(1000);
  await closed;
  expect(received).toBe(3_000_000);
  expect(told).toEqual(["closed"]);
});

test("destroy closes at once, without a close frame", async () => {
  const { arrival, peer, next } = await pair();
  const closed = next("closed");
  arrival.channel.destroy();
  expect((await once(peer, "close"))[0]).toBe(1006);
  await closed;
});

test("the peer's close and its vanishing both end the channel once", async () => {
  const polite = await pair();
  const closed = polite.next("closed");
  polite.peer.close(1000);
  await closed;
  expect(polite.told).toEqual(["closed"]);
  const rude = await pair();
  const lost = rude.next("closed");
  rude.peer.terminate();
  await lost;
  expect(rude.told).toEqual(["closed"]);
});
