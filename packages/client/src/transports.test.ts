import { once } from "node:events";
import * as net from "node:net";
import { Duplex, duplexPair } from "node:stream";
import { afterEach, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import type { Client } from "./client.ts";
import { connect } from "./connect.ts";
import type { AttemptFailure } from "./status.ts";
import { overStream, overWebSocket } from "./transports.ts";

const CONNACK = Uint8Array.of(0x20, 3, 0, 0, 0);
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** A port that accepts every CONNECT. */
async function accepting(): Promise<number> {
  const server = net.createServer((socket) => socket.once("data", () => socket.write(CONNACK)).on("error", () => undefined));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => server.close());
  return (server.address() as net.AddressInfo).port;
}

function open(url: string, transport: ReturnType<typeof overStream>): { client: Client; failures: AttemptFailure[] } {
  const client = connect(url, { transport, reconnect: false });
  const failures: AttemptFailure[] = [];
  client.on("attemptFailed", (failure) => failures.push(failure));
  cleanups.push(() => client.abort());
  return { client, failures };
}

test("a stream that is made at once, and one that is waited for", async () => {
  const port = await accepting();
  const seen: string[] = [];
  for (const make of [() => net.connect(port, "127.0.0.1"), () => Promise.resolve(net.connect(port, "127.0.0.1"))]) {
    const { client } = open(
      "mqtts://broker.example/x",
      overStream(({ host, port: wanted }) => {
        seen.push(`${host}:${wanted}`);
        return make();
      }),
    );
    await client.online();
    await client.close();
  }
  expect(seen).toEqual(["broker.example:8883", "broker.example:8883"]);
});

test("a stream that is no socket", async () => {
  const [ours, theirs] = duplexPair();
  theirs.once("data", () => theirs.write(CONNACK));
  const { client } = open(
    "mqtt://x",
    overStream(() => ours),
  );
  await client.online();
  await client.close();
  expect(ours.destroyed).toBe(true);
});

test("what a maker throws, rejects with, or a stream's error is the failure's cause, once", async () => {
  const bad = new Error("no such tunnel");
  const broken = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done(bad) });
  for (const make of [
    () => {
      throw bad;
    },
    () => Promise.reject(bad),
    () => broken,
  ]) {
    const { client, failures } = open("mqtt://x", overStream(make));
    await client.online().catch(() => undefined);
    expect(failures).toHaveLength(1);
    expect(failures[0]?.error.cause).toBe(bad);
  }
});

test("closing while a stream is waited for ends at once, and destroys it when it comes", async () => {
  let give: (stream: Duplex) => void = () => undefined;
  const stream = new Duplex({ read: () => undefined });
  let asked: () => void = () => undefined;
  const wasAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const make = (): Promise<Duplex> => {
    asked();
    return new Promise<Duplex>((resolve) => {
      give = resolve;
    });
  };
  const { client } = open("mqtt://x", overStream(make));
  await wasAsked;
  await client.close();
  give(stream);
  await once(stream, "close");
});

test("a WebSocket class of one's own", async () => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => "mqtt" });
  await once(server, "listening");
  cleanups.push(() => server.close());
  server.on("connection", (socket, request) => {
    socket.once("message", () => socket.send(request.headers["x-token"] === "1" ? CONNACK : Uint8Array.of(0x20, 3, 0, 0x87, 0)));
  });
  class WithToken extends WebSocket {
    constructor(url: string, subprotocol: string) {
      super(url, subprotocol, { headers: { "x-token": "1" } });
    }
  }
  const { client } = open(`ws://127.0.0.1:${(server.address() as net.AddressInfo).port}/mqtt`, overWebSocket(WithToken));
  await client.online();
  await client.close();
});
