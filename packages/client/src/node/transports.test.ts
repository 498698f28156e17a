import { mkdtempSync, rmSync } from "node:fs";
import * as http from "node:http";
import * as https from "node:https";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tls from "node:tls";
import { PacketType, type Packet } from "@bowline/protocol";
import { decodePacket, encodeToBytes, FrameDecoder } from "@bowline/protocol/internal";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import type { Client } from "../client.ts";
import { connect } from "../connect.ts";
import type { ConnectOptions } from "../options.ts";
import type { AttemptFailure } from "../status.ts";
import { ca, client as clientCertificate, expired, good, other } from "../testing/certificates.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** Answers MQTT 5.0 on a byte stream: accepts, and sends every PUBLISH back. */
function mqttEcho(write: (bytes: Uint8Array) => void, end: () => void): (chunk: Uint8Array) => void {
  const send = (packet: Packet): void => write(encodeToBytes(packet, 5));
  const decoder = new FrameDecoder(
    {
      frame: (chunk, start, bodyStart, stop) => {
        const packet = decodePacket(chunk, start, bodyStart, stop, 5);
        if (packet.type === PacketType.CONNECT) send({ type: PacketType.CONNACK, sessionPresent: false, reasonCode: 0 });
        if (packet.type === PacketType.SUBSCRIBE) {
          send({ type: PacketType.SUBACK, packetIdentifier: packet.packetIdentifier, reasonCodes: [0] });
        }
        if (packet.type === PacketType.PUBLISH) send({ ...packet, payload: packet.payload });
        if (packet.type === PacketType.DISCONNECT) end();
        return true;
      },
      malformed: end,
    },
    1 << 24,
  );
  return (chunk) => decoder.push(chunk);
}

async function listen(server: net.Server, path?: string): Promise<number> {
  const sockets = new Set<net.Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
  });
  cleanups.push(
    () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(resolve);
      }),
  );
  await new Promise<void>((resolve) => {
    if (path === undefined) server.listen(0, "127.0.0.1", resolve);
    else server.listen(path, resolve);
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function serveMqtt(socket: net.Socket): void {
  const take = mqttEcho(
    (bytes) => socket.write(bytes),
    () => socket.end(),
  );
  socket.on("data", take);
  socket.on("error", () => undefined);
}

function serveWebSockets(server: http.Server | https.Server): void {
  const sockets = new WebSocketServer({ server, path: "/mqtt", handleProtocols: () => "mqtt" });
  sockets.on("connection", (socket) => {
    const take = mqttEcho(
      (bytes) => socket.send(bytes),
      () => socket.close(),
    );
    socket.on("message", (data) => take(data as Buffer));
  });
}

function open(
  url: string,
  options: ConnectOptions = {},
): { client: Client; failures: AttemptFailure[]; failure: Promise<AttemptFailure> } {
  const client = connect(url, options);
  const failures: AttemptFailure[] = [];
  const failure = new Promise<AttemptFailure>((resolve) => {
    client.on("attemptFailed", (failed) => {
      failures.push(failed);
      resolve(failed);
    });
  });
  cleanups.push(() => client.abort());
  return { client, failures, failure };
}

/** Sends messages of all sizes through the echo and compares them. */
async function exchange(client: Client): Promise<boolean> {
  const sizes = [0, 1, 100, 5000, 70_000, 1_000_000];
  const got: Uint8Array[] = [];
  const all = new Promise<void>((resolve) => {
    client.subscribe("t", {}, (message) => {
      if (got.push(message.payload) === sizes.length) resolve();
    });
  });
  const sent = sizes.map((size) => Uint8Array.from({ length: size }, (_, i) => (i * 7 + size) & 0xff));
  for (const payload of sent) await client.publish("t", payload);
  await all;
  await client.close();
  return sent.every((payload, i) => Buffer.compare(got[i] ?? new Uint8Array(), payload) === 0);
}

describe("messages of every size go and come over", () => {
  test("tcp", async () => {
    const port = await listen(net.createServer(serveMqtt));
    expect(await exchange(open(`mqtt://127.0.0.1:${port}`).client)).toBe(true);
  });

  test("tls, and a client certificate is shown", async () => {
    const names: string[] = [];
    const server = tls.createServer({ ...good, ca: ca.cert, requestCert: true }, (socket) => {
      names.push(String(socket.getPeerCertificate().subject.CN));
      serveMqtt(socket);
    });
    const port = await listen(server);
    expect(await exchange(open(`mqtts://localhost:${port}`, { tls: { ca: ca.cert, ...clientCertificate } }).client)).toBe(true);
    expect(names).toEqual(["client"]);
  });

  test("ws", async () => {
    const server = http.createServer();
    serveWebSockets(server);
    const port = await listen(server);
    expect(await exchange(open(`ws://127.0.0.1:${port}/mqtt`).client)).toBe(true);
  });

  test("wss", async () => {
    const server = https.createServer(good);
    serveWebSockets(server);
    const port = await listen(server);
    expect(await exchange(open(`wss://localhost:${port}/mqtt`, { tls: { ca: ca.cert } }).client)).toBe(true);
  });

  test("a unix domain socket", async () => {
    const folder = mkdtempSync(join(tmpdir(), "bowline-"));
    cleanups.push(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "mqtt.sock");
    await listen(net.createServer(serveMqtt), path);
    expect(await exchange(open(`unix:${path}`).client)).toBe(true);
  });
});

describe("each failure is one, with its name", () => {
  const tlsServer = (material: { cert: string; key: string }) => listen(tls.createServer(material, serveMqtt));
  const httpServer = (listener: http.RequestListener) => listen(http.createServer(listener));
  const upgradeServer = (answer: string) => {
    const server = http.createServer();
    server.on("upgrade", (_request, socket) => socket.end(answer));
    return listen(server);
  };
  const closedPort = async (): Promise<number> => {
    const server = net.createServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    return port;
  };
  const status = (code: number, headers = {}) => httpServer((_request, response) => response.writeHead(code, headers).end("no"));

  const cases: readonly (readonly [
    name: string,
    code: string,
    make: () => Promise<readonly [url: string, options?: ConnectOptions]>,
  ])[] = [
    ["a closed port", "TCP_REFUSED", async () => [`mqtt://127.0.0.1:${await closedPort()}`]],
    ["a closed port at both addresses", "TCP_REFUSED", async () => [`mqtt://localhost:${await closedPort()}`]],
    ["a closed port, ws", "TCP_REFUSED", async () => [`ws://127.0.0.1:${await closedPort()}/mqtt`]],
    ["an unknown host", "DNS_NXDOMAIN", () => Promise.resolve(["mqtt://nowhere.invalid"])],
    ["a private authority", "TLS_UNKNOWN_CA", async () => [`mqtts://localhost:${await tlsServer(good)}`]],
    ["a private authority, wss", "TLS_UNKNOWN_CA", async () => [`wss://localhost:${await tlsServer(good)}`]],
    [
      "an authority's file that is no certificate",
      "TLS_CA_FILE_BAD",
      async () => [`mqtts://localhost:${await tlsServer(good)}`, { tls: { ca: "listen: []" } }],
    ],
    [
      "ws to a TLS port that says so",
      "WS_TO_TLS",
      async () => [
        `ws://127.0.0.1:${await upgradeServer("HTTP/1.1 400 Bad Request\r\nContent-Length: 22\r\n\r\nThis port speaks HTTPS")}/x`,
      ],
    ],
    ["another name", "TLS_SAN", async () => [`mqtts://localhost:${await tlsServer(other)}`, { tls: { ca: ca.cert } }]],
    [
      "an expired certificate",
      "TLS_EXPIRED",
      async () => [`mqtts://localhost:${await tlsServer(expired)}`, { tls: { ca: ca.cert } }],
    ],
    // Node's own TLS server closes without a word, others send an alert, and that is what can be told.
    [
      "plain to a TLS port",
      "PLAIN_TO_TLS",
      async () => [`mqtt://127.0.0.1:${await answering(Uint8Array.of(0x15, 3, 3, 0, 2, 2, 70))}`],
    ],
    ["TLS to a web server", "TLS_TO_HTTP", async () => [`mqtts://127.0.0.1:${await status(200)}`]],
    ["MQTT to a web server", "MQTT_TO_HTTP", async () => [`mqtt://127.0.0.1:${await status(200)}`]],
    ["a wrong path", "WS_404", async () => [`ws://127.0.0.1:${await status(404)}/x`]],
    ["forbidden", "WS_403", async () => [`ws://127.0.0.1:${await status(403)}/x`]],
    ["a gateway without its broker", "WS_502", async () => [`ws://127.0.0.1:${await status(502)}/x`]],
    ["a page", "WS_200", async () => [`ws://127.0.0.1:${await status(200)}/x`]],
    [
      "a server that is busy",
      "WS_503",
      async () => [`ws://127.0.0.1:${await upgradeServer("HTTP/1.1 503 Busy\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n")}/x`],
    ],
    ["an echo of another service", "WRONG_SERVICE", async () => [`mqtt://127.0.0.1:${await banner("SSH-2.0-x\r\n")}`]],
    [
      "a key that is no key",
      "MTLS_KEY_BAD",
      async () => [`mqtts://localhost:${await tlsServer(good)}`, { tls: { cert: clientCertificate.cert, key: "nothing" } }],
    ],
  ];
  const answering = (bytes: Uint8Array) => listen(net.createServer((socket) => socket.once("data", () => socket.end(bytes))));
  const banner = (text: string) => listen(net.createServer((socket) => socket.write(text)));

  test.each(cases)("%s: %s", async (_name, code, make) => {
    const [url, options = {}] = await make();
    const { client, failures, failure } = open(url, { connectTimeoutMs: 2000, ...options });
    expect((await failure).code).toBe(code);
    expect(failures).toHaveLength(1);
    expect(failures[0]?.hints.length).toBeGreaterThan(0);
    const cause = failures[0]?.error.cause;
    expect(cause instanceof Error ? cause.message : "none").not.toBe("");
    expect(["waiting", "failed"]).toContain(client.status.state);
  });

  test("Retry-After is obeyed", async () => {
    const port = await upgradeServer("HTTP/1.1 503 Busy\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n");
    expect((await open(`ws://127.0.0.1:${port}/x`, { random: () => 0 }).failure).retryInMs).toBe(9000);
  });

  test("a peer that never answers is given up in time", async () => {
    const port = await listen(net.createServer());
    for (const scheme of ["mqtt", "mqtts", "ws", "wss"]) {
      const { failure } = open(`${scheme}://127.0.0.1:${port}/x`, { connectTimeoutMs: 100 });
      expect((await failure).msToFail).toBeLessThan(1000);
    }
  });
});

describe("ending leaves no socket", () => {
  /** Counts the connections a server has open. */
  async function counting(answer: boolean): Promise<{ port: number; open: () => Promise<number>; ended: Promise<void> }> {
    let onEnd: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => {
      onEnd = resolve;
    });
    const server = net.createServer((socket) => {
      socket.on("close", onEnd);
      if (answer) serveMqtt(socket);
      else socket.resume();
    });
    const port = await listen(server);
    return {
      port,
      ended,
      open: () => new Promise((resolve) => server.getConnections((_error, count) => resolve(count))),
    };
  }

  test.each([
    ["close", "mqtt", true],
    ["abort", "mqtt", true],
    ["close", "mqtt", false],
    ["abort", "mqtt", false],
    ["close", "ws", false],
    ["abort", "ws", false],
    ["close", "mqtts", false],
  ] as const)("%s over %s, server answers: %s", async (how, scheme, answers) => {
    const { port, open: openSockets, ended } = await counting(answers);
    const { client } = open(`${scheme}://127.0.0.1:${port}/mqtt`);
    if (answers) await client.online();
    else while ((await openSockets()) === 0) await new Promise((resolve) => setImmediate(resolve));
    const before = performance.now();
    await client[how]();
    await ended;
    expect(performance.now() - before).toBeLessThan(600);
    expect(await openSockets()).toBe(0);
    expect(client.status.state).toBe("closed");
  });
});
