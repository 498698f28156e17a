import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from "node:tls";
import { WebSocket } from "ws";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { ChannelHandler } from "@bowline/protocol/internal";
import { type LocalCa, openLocalCa, openLocalCertificate } from "../tls/local-ca.ts";
import { TenantTable } from "../tls/tenant-directory.ts";
import { TenantTls } from "../tls/tenant-tls.ts";
import type { Arrival } from "./arrival.ts";
import type { FrontEvent } from "./front-event.ts";
import { parseListenUrl } from "./listen-url.ts";
import { type Listener, type ListenerOptions, openListener } from "./listener.ts";

let folder: string;
let ca: LocalCa;
let tenants: TenantTable;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bowline-listener-"));
  ca = await openLocalCa({ folder });
  const material = await openLocalCertificate(ca, { folder });
  tenants = new TenantTable(new TenantTls({ tenant: "default", material }));
  tenants.add(new TenantTls({ tenant: "acme", material: await ca.issue(["acme.localhost"]) }), ["acme.localhost"]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (let cleanup = cleanups.pop(); cleanup !== undefined; cleanup = cleanups.pop()) await cleanup();
});

/** A listener whose arrivals answer every chunk with the same bytes. */
interface Echo {
  readonly listener: Listener;
  readonly arrivals: Arrival[];
  readonly events: FrontEvent[];
  readonly closes: (Error | undefined)[];
}

async function openEcho(url: string, options: Partial<ListenerOptions> = {}): Promise<Echo> {
  const echo = { arrivals: [] as Arrival[], events: [] as FrontEvent[], closes: [] as (Error | undefined)[] };
  const accept = (arrival: Arrival): void => {
    echo.arrivals.push(arrival);
    const handler: ChannelHandler = {
      data: (chunk) => void arrival.channel.write(Uint8Array.from(chunk)),
      drained() {},
      closed: (cause) => echo.closes.push(cause),
    };
    arrival.channel.handler = handler;
  };
  const listener = await openListener({
    url: parseListenUrl(url),
    tenants,
    accept,
    onEvent: (event) => echo.events.push(event),
    ...options,
  });
  cleanups.push(() => listener.close({ graceMs: 0 }));
  return { ...echo, listener };
}

function dial(port: number, host = "127.0.0.1"): Socket {
  const socket = connect({ port, host });
  socket.on("error", () => {});
  cleanups.push(() => socket.destroy());
  return socket;
}

function dialTls(port: number, options: ConnectionOptions = {}): TLSSocket {
  const socket = connectTls({ port, host: "127.0.0.1", ca: ca.certificate, servername: "localhost", ...options });
  socket.on("error", () => {});
  cleanups.push(() => socket.destroy());
  return socket;
}

async function exchange(socket: Socket, bytes: Uint8Array | string, length = Buffer.byteLength(bytes)): Promise<Buffer> {
  socket.write(bytes);
  return readExactly(socket, length);
}

async function readExactly(socket: Socket, length: number): Promise<Buffer> {
  let got = Buffer.alloc(0);
  while (got.length < length) got = Buffer.concat([got, (await once(socket, "data"))[0] as Buffer]);
  return got;
}

async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(socket, "close");
  return Buffer.concat(chunks);
}

async function listenerEmpty(listener: Listener): Promise<void> {
  while (listener.openConnections > 0) await new Promise((resolve) => setImmediate(resolve));
}

const CONNECT_BYTES = Uint8Array.from([0x10, 0x0c, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 60, 0, 0]);

test("a tcp peer that resets its connection is closed once, with the reason", async () => {
  const { listener, closes, arrivals } = await openEcho("mqtt://127.0.0.1:0");
  const socket = dial(listener.port);
  await exchange(socket, CONNECT_BYTES);
  expect(arrivals).toHaveLength(1);
  const closed = listenerEmpty(listener);
  socket.resetAndDestroy();
  await closed;
  expect(closes).toEqual([expect.objectContaining({ code: "ECONNRESET" })]);
});

test("a tcp peer arrives with its address, and its first bytes reach the channel", async () => {
  const { listener, arrivals } = await openEcho("mqtt://127.0.0.1:0");
  const socket = dial(listener.port);
  expect(await exchange(socket, CONNECT_BYTES)).toEqual(Buffer.from(CONNECT_BYTES));
  expect(await exchange(socket, "and more")).toEqual(Buffer.from("and more"));
  expect(arrivals[0]).toMatchObject({
    tenant: "default",
    transport: "tcp",
    remoteAddress: "127.0.0.1",
    remotePort: socket.localPort,
    localPort: listener.port,
  });
  expect(listener.url).toBe(`mqtt://127.0.0.1:${listener.port}`);
  expect(listener.counters.arrived).toBe(1);
});

test("localhost is served on both loopback addresses at the same port", async () => {
  const { listener } = await openEcho("mqtt://localhost:0");
  for (const host of ["127.0.0.1", "::1"]) expect(await exchange(dial(listener.port, host), CONNECT_BYTES)).toHaveLength(14);
});

test("[C8 broker] a bind address is honoured", async () => {
  const { listener } = await openEcho("mqtt://127.0.0.1:0");
  const [error] = (await once(connect({ port: listener.port, host: "127.0.0.2" }), "error")) as [NodeJS.ErrnoException];
  expect(error.code).toBe("ECONNREFUSED");
});

test("a tls peer arrives with what the handshake said", async () => {
  const { listener, arrivals } = await openEcho("mqtts://127.0.0.1:0");
  const socket = dialTls(listener.port, { ALPNProtocols: ["mqtt"] });
  expect(await exchange(socket, CONNECT_BYTES)).toEqual(Buffer.from(CONNECT_BYTES));
  expect(arrivals[0]).toMatchObject({
    tenant: "default",
    transport: "tls",
    remoteAddress: "127.0.0.1",
    remotePort: socket.localPort,
  });
  expect(arrivals[0]?.tls).toMatchObject({
    serverName: "localhost",
    protocol: "TLSv1.3",
    alpnProtocol: "mqtt",
    isAuthorized: false,
  });
  expect(arrivals[0]?.tls?.peerCertificate()).toBeUndefined();
});

test("[D4 broker] no name, an address, localhost and the machine's name lead to the default tenant, an own name to its tenant", async () => {
  const { listener, arrivals } = await openEcho("mqtts://127.0.0.1:0");
  const names = ["", "localhost", hostname(), "acme.localhost", "ACME.localhost"];
  for (const servername of names)
    await exchange(dialTls(listener.port, { servername, checkServerIdentity: () => undefined }), CONNECT_BYTES);
  expect(arrivals.map(({ tenant }) => tenant)).toEqual(["default", "default", "default", "acme", "acme"]);
});

test("a plaintext listener belongs to the tenant of its URL", async () => {
  const { listener, arrivals } = await openEcho("mqtt://127.0.0.1:0?tenant=acme");
  await exchange(dial(listener.port), CONNECT_BYTES);
  expect(arrivals[0]?.tenant).toBe("acme");
});

test("[D4 broker] an unknown server name gets alert 112 as the only bytes, then a close", async () => {
  const { listener, arrivals, events } = await openEcho("mqtts://127.0.0.1:0");
  const socket = dialTls(listener.port, { servername: "stranger.localhost" });
  const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
  expect(error.code).toBe("ERR_SSL_TLSV1_UNRECOGNIZED_NAME");
  const raw = dial(listener.port);
  raw.write(await captureHello({ servername: "stranger.localhost" }));
  expect((await readAll(raw)).toString("hex")).toBe("15030300020270");
  expect(events.map(({ cause, serverName }) => [cause, serverName])).toEqual([
    ["serverNameUnknown", "stranger.localhost"],
    ["serverNameUnknown", "stranger.localhost"],
  ]);
  expect(listener.counters.serverNameUnknown).toBe(2);
  expect(arrivals).toEqual([]);
});

test("[D4 broker] requireSni refuses a missing name with alert 112", async () => {
  const { listener } = await openEcho("mqtts://127.0.0.1:0", { requireSni: true });
  const [error] = (await once(dialTls(listener.port, { servername: "" }), "error")) as [NodeJS.ErrnoException];
  expect(error.code).toBe("ERR_SSL_TLSV1_UNRECOGNIZED_NAME");
  expect(listener.counters.serverNameMissing).toBe(1);
  expect(await exchange(dialTls(listener.port), CONNECT_BYTES)).toHaveLength(14);
});

test("a ClientHello may come in any two segments, and byte by byte", async () => {
  const { listener, arrivals } = await openEcho("mqtts://127.0.0.1:0");
  // A proxy in between cuts the first bytes where it is told.
  for (const cut of ["1", "3", "5", "6", "44", "200", "each"]) {
    const relay = createServer((client) => {
      const server = dial(listener.port);
      server.setNoDelay(true);
      client.once("data", async (hello: Buffer) => {
        client.pause();
        const pieces =
          cut === "each"
            ? Array.from(hello, (_, i) => hello.subarray(i, i + 1))
            : [hello.subarray(0, Number(cut)), hello.subarray(Number(cut))];
        for (const piece of pieces) await new Promise((resolve) => server.write(piece, resolve));
        client.pipe(server).pipe(client);
      });
    });
    relay.listen(0, "127.0.0.1");
    await once(relay, "listening");
    const socket = dialTls((relay.address() as AddressInfo).port, { servername: "acme.localhost" });
    expect(await exchange(socket, CONNECT_BYTES)).toEqual(Buffer.from(CONNECT_BYTES));
    relay.close();
  }
  expect(arrivals.map(({ tenant }) => tenant)).toEqual(Array(7).fill("acme"));
});

/** The bytes a real client sends first. */
async function captureHello(options: ConnectionOptions): Promise<Buffer> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connectTls({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", ...options });
  client.on("error", () => {});
  const [socket] = (await once(server, "connection")) as [Socket];
  const [hello] = (await once(socket, "data")) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return hello;
}

const HTTP_GET = "GET /mqtt HTTP/1.1\r\nHost: localhost\r\n\r\n";
test.each([
  ["mqtts", Buffer.from(CONNECT_BYTES), "mqttOnTls", /^\x15\x03\x03\x00\x02\x02\x0a$/],
  ["mqtts", Buffer.from(HTTP_GET), "httpOnTls", /^HTTP\/1.1 400 [\s\S]*MQTT over TLS \(mqtts:/],
  ["mqtts", Buffer.from("SSH-2.0-OpenSSH_9\r\n"), "otherProtocol", /MQTT over TLS \(mqtts:/],
  ["mqtt", Buffer.from("SSH-2.0-OpenSSH_9\r\n"), "otherProtocol", /plain MQTT \(mqtt:/],
  ["mqtts", Buffer.from("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n"), "proxyHeaderUnexpected", /^$/],
  ["wss", Buffer.from(HTTP_GET), "httpOnTls", /^HTTP\/1.1 400 [\s\S]*HTTPS and MQTT over WebSocket with TLS \(wss:/],
  ["wss", Buffer.from(CONNECT_BYTES), "mqttOnTls", /^\x15/],
  ["mqtt", Buffer.from(HTTP_GET), "httpOnMqtt", /^HTTP\/1.1 400 [\s\S]*plain MQTT \(mqtt:/],
  ["mqtt", Buffer.from([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0]), "tlsOnPlain", /speaks plain MQTT/],
  ["ws", Buffer.from(CONNECT_BYTES), "mqttOnHttp", /^HTTP\/1.1 400 [\s\S]*WebSocket \(ws:/],
  ["ws", Buffer.from([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0]), "tlsOnPlain", /speaks HTTP and MQTT over WebSocket/],
  ["ws", Buffer.from([0, 1, 2, 3]), "otherProtocol", /WebSocket \(ws:/],
] as const)(
  "[C8 broker] [D5 broker] on a port for %s, wrong first bytes are named and answered within 100 ms (%#)",
  async (scheme, bytes, cause, answer) => {
    const { listener, arrivals, events } = await openEcho(`${scheme}://127.0.0.1:0`);
    const times: number[] = [];
    while (times.length < 3) {
      const socket = dial(listener.port);
      await once(socket, "connect");
      const start = performance.now();
      socket.write(bytes);
      expect((await readAll(socket)).toString("latin1")).toMatch(answer);
      times.push(performance.now() - start);
    }
    // The best of three: a machine that tests have for themselves answers within a millisecond, a busy one may pause any of them.
    expect(Math.min(...times)).toBeLessThan(100);
    expect(events).toMatchObject(times.map(() => ({ cause, remoteAddress: "127.0.0.1" })));
    expect(listener.counters[cause]).toBe(3);
    expect(arrivals).toEqual([]);
  },
);

test("who sends nothing is closed after the time limit, who leaves before is counted", async () => {
  const { listener, events } = await openEcho("mqtts://127.0.0.1:0", { firstBytesTimeoutMs: 30 });
  await readAll(dial(listener.port));
  const leaver = dial(listener.port);
  leaver.end(Buffer.from([0x16]));
  await readAll(leaver);
  expect(events.map(({ cause }) => cause)).toEqual(["firstBytesTimeout", "closedEarly"]);
});

test("a unix socket arrives without address, and a dead one's file is replaced", async () => {
  const path = join(folder, "mqtt.sock");
  const { listener, arrivals } = await openEcho(`unix:${path}`);
  const socket = connect({ path });
  expect(await exchange(socket, CONNECT_BYTES)).toHaveLength(14);
  socket.destroy();
  expect(arrivals[0]).toMatchObject({ transport: "unix", remoteAddress: "", remotePort: 0, localPort: 0 });
  await expect(openEcho(`unix:${path}`)).rejects.toMatchObject({ code: "PORT_IN_USE" });
  await listener.close({ graceMs: 0 });
  const owner = spawn(process.execPath, [
    "-e",
    `require("net").createServer().listen(${JSON.stringify(path)}, () => console.log("ready"))`,
  ]);
  await once(owner.stdout, "data");
  owner.kill("SIGKILL");
  await once(owner, "exit");
  await openEcho(`unix:${path}`);
});

test("a file that is no socket is left alone, and a folder that is not there is named", async () => {
  const path = join(folder, "precious");
  await writeFile(path, "data");
  await expect(openEcho(`unix:${path}`)).rejects.toThrow(
    /LISTEN_FAILED.*precious: there is a file of that name, which is no socket/,
  );
  expect(await readFile(path, "utf8")).toBe("data");
  await expect(openEcho(`unix:${folder}/none/s`)).rejects.toThrow(/LISTEN_FAILED.*the folder of the socket does not exist/);
});

test("a port in use and an address of another machine are named", async () => {
  const { listener } = await openEcho("mqtt://127.0.0.1:0");
  await expect(openEcho(`mqtt://127.0.0.1:${listener.port}`)).rejects.toMatchObject({
    code: "PORT_IN_USE",
    message: expect.stringContaining(String(listener.port)),
  });
  await expect(openEcho("mqtts://192.0.2.1:0")).rejects.toMatchObject({ code: "LISTEN_FAILED" });
});

test.each(["ws", "wss"])("a %s peer arrives with its request, and frames do not show", async (scheme) => {
  const { listener, arrivals } = await openEcho(`${scheme}://127.0.0.1:0`);
  const webSocket = openWebSocket(listener, "/mqtt?x=1", "mqtt", { origin: "https://page.example" });
  await once(webSocket, "open");
  const echoed: Buffer[] = [];
  const whole = new Promise<Buffer>((resolve) => {
    webSocket.on("message", (chunk: Buffer) => {
      echoed.push(chunk);
      if (Buffer.concat(echoed).length === CONNECT_BYTES.length) resolve(Buffer.concat(echoed));
    });
  });
  webSocket.send(CONNECT_BYTES.subarray(0, 3));
  webSocket.send(CONNECT_BYTES.subarray(3));
  expect(await whole).toEqual(Buffer.from(CONNECT_BYTES));
  expect(arrivals[0]).toMatchObject({
    transport: scheme,
    tenant: "default",
    http: { path: "/mqtt", queryString: "?x=1", origin: "https://page.example", subprotocol: "mqtt" },
  });
  expect(arrivals[0]?.tls?.protocol).toBe(scheme === "wss" ? "TLSv1.3" : undefined);
});

function openWebSocket(
  listener: Listener,
  path: string,
  subprotocol: string | undefined,
  options: { origin?: string; servername?: string; headers?: Record<string, string> } = {},
): WebSocket {
  const base = listener.url.replace(/\/mqtt$/, "");
  const webSocket = new WebSocket(base + path, subprotocol === undefined ? [] : [subprotocol], { ca: ca.certificate, ...options });
  webSocket.on("error", () => {});
  cleanups.push(() => webSocket.terminate());
  return webSocket;
}

async function refusal(webSocket: WebSocket): Promise<string> {
  const [, response] = (await once(webSocket, "unexpected-response")) as [unknown, IncomingMessage];
  let body = "";
  for await (const chunk of response) body += chunk;
  return `${response.statusCode} ${body}`;
}

test.each([
  ["ws", {}],
  ["wss", {}],
  ["ws", { takesAnyProtocol: true }],
  ["wss", { takesAnyProtocol: true }],
])("[C8 broker] %s names what is wrong with an upgrade (%j)", async (scheme, options) => {
  const { listener } = await openEcho(`${scheme}://127.0.0.1:0`, options);
  expect(await refusal(openWebSocket(listener, "/other", "mqtt"))).toMatch(/^404 .*\/other.*\/mqtt/);
  expect(await refusal(openWebSocket(listener, "/mqtt", undefined))).toMatch(/^400 .*"mqtt"/);
  expect(await refusal(openWebSocket(listener, "/mqtt", "chat"))).toMatch(/^400 .*"mqtt"/);
  const old = openWebSocket(listener, "/mqtt", "mqttv3.1");
  await once(old, "open");
  expect(old.protocol).toBe("mqttv3.1");
  expect(listener.counters).toMatchObject({ httpPathUnknown: 1, subprotocolMissing: 2, arrived: 1 });
});

test("a text frame closes with 1003, a message over the limit with 1009", async () => {
  const { listener } = await openEcho("ws://127.0.0.1:0", { maxMessageBytes: 100 });
  const text = openWebSocket(listener, "/mqtt", "mqtt");
  await once(text, "open");
  text.send("hello");
  expect((await once(text, "close"))[0]).toBe(1003);
  const large = openWebSocket(listener, "/mqtt", "mqtt");
  await once(large, "open");
  large.send(new Uint8Array(101));
  expect((await once(large, "close"))[0]).toBe(1009);
});

async function get(listener: Listener, path: string, options: { servername?: string; host?: string } = {}): Promise<string> {
  const { servername = "localhost", host = "localhost" } = options;
  const request = httpsRequest({
    port: listener.port,
    host: "127.0.0.1",
    path,
    ca: ca.certificate,
    servername,
    headers: { host },
    agent: false,
  });
  request.end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  let body = "";
  for await (const chunk of response) body += chunk;
  return `${response.statusCode} ${body}`;
}

test("requests without upgrade get 426 at the path and 404 elsewhere, or go to the request handler", async () => {
  const plain = await openEcho("wss://127.0.0.1:0");
  expect(await get(plain.listener, "/mqtt")).toMatch(/^426 .*MQTT/);
  expect(await get(plain.listener, "/")).toMatch(/^404 .*\/mqtt/);
  const { listener } = await openEcho("wss://127.0.0.1:0", {
    requestHandler: (request, response) => response.end(`page ${request.url}`),
  });
  expect(await get(listener, "/console")).toBe("200 page /console");
  expect(await get(listener, "/mqtt")).toMatch(/^426 /);
});

test("a Host header of another tenant than the server name is misdirected", async () => {
  const { listener } = await openEcho("wss://127.0.0.1:0", { requestHandler: (_request, response) => response.end("page") });
  expect(await get(listener, "/", { servername: "acme.localhost", host: "acme.localhost:8084" })).toBe("200 page");
  expect(await get(listener, "/", { servername: "acme.localhost", host: "localhost" })).toMatch(/^421 /);
  expect(await get(listener, "/", { servername: "localhost", host: "acme.localhost" })).toMatch(/^421 /);
  expect(
    await refusal(openWebSocket(listener, "/mqtt", "mqtt", { servername: "localhost", headers: { host: "acme.localhost" } })),
  ).toMatch(/^421 /);
});

test("slow HTTP headers are cut off", async () => {
  const { listener } = await openEcho("ws://127.0.0.1:0", { headersTimeoutMs: 50 });
  const socket = dial(listener.port);
  socket.write("GET / HTTP/1.1\r\nHost: ");
  expect((await readAll(socket)).toString()).toMatch(/^HTTP\/1.1 408 /);
});

test("a slow HTTP body is cut off, whoever it comes from", async () => {
  const { listener } = await openEcho("ws://127.0.0.1:0", {
    headersTimeoutMs: 50,
    requestHandler: (request) => void request.resume(),
  });
  const socket = dial(listener.port);
  socket.write("POST /api HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc");
  expect((await readAll(socket)).toString()).toMatch(/^HTTP\/1.1 408 /);
});

test.each(["Upgrade: websocket\r\nConnection: Upgrade\r\n", ""])("a request names one host: %j", async (upgrade) => {
  const { listener } = await openEcho("ws://127.0.0.1:0");
  for (const hosts of ["Host: a\r\nHost: b\r\n", ""]) {
    const socket = dial(listener.port);
    socket.write(`GET /mqtt HTTP/1.1\r\n${hosts}${upgrade}\r\n`);
    expect((await readAll(socket)).toString()).toMatch(/^HTTP\/1.1 400 /);
  }
});

test("close refuses newcomers, waits for arrivals to end, and forces those that stay", async () => {
  const first = await openEcho("mqtt://127.0.0.1:0");
  const polite = dial(first.listener.port);
  await exchange(polite, CONNECT_BYTES);
  const undecided = dial(first.listener.port);
  await once(undecided, "connect");
  const closing = first.listener.close({ graceMs: 60_000 });
  first.arrivals[0]?.channel.end();
  await closing;
  expect(first.listener.openConnections).toBe(0);
  expect(first.closes).toEqual([undefined]);
  const [error] = (await once(dial(first.listener.port), "error")) as [NodeJS.ErrnoException];
  expect(error.code).toBe("ECONNREFUSED");

  const second = await openEcho("mqtts://127.0.0.1:0");
  await exchange(dialTls(second.listener.port), CONNECT_BYTES);
  const start = performance.now();
  await second.listener.close({ graceMs: 50 });
  expect(performance.now() - start).toBeLessThan(500);
  expect(second.closes).toHaveLength(1);
});

test.each([
  ["mqttOnTls", Buffer.from(CONNECT_BYTES), /^\x15\x03\x03\x00\x02\x02\x0a$/],
  ["httpOnTls", Buffer.from(HTTP_GET), /^HTTP\/1.1 400 [\s\S]*MQTT, HTTPS and MQTT over WebSocket, all with TLS \(mqtts:/],
  ["otherProtocol", Buffer.from("SSH-2.0-OpenSSH_9\r\n"), /all with TLS/],
] as const)("[D6 broker] a port for everything with TLS names what came without (%s)", async (cause, bytes, answer) => {
  const { listener } = await openEcho("wss://127.0.0.1:0", { takesAnyProtocol: true });
  const socket = dial(listener.port);
  socket.write(bytes);
  expect((await readAll(socket)).toString("latin1")).toMatch(answer);
  expect(listener.counters[cause]).toBe(1);
});

test("[C8 broker] HTTP inside of TLS on a port for mqtts, and MQTT inside of TLS on one for wss, are told what the port speaks", async () => {
  const mqtts = await openEcho("mqtts://127.0.0.1:0");
  expect(await get(mqtts.listener, "/mqtt")).toBe("400 This port speaks MQTT over TLS (mqtts://).\n");
  expect(mqtts.listener.counters.httpOnMqtt).toBe(1);
  const wss = await openEcho("wss://127.0.0.1:0");
  const socket = dialTls(wss.listener.port);
  socket.write(CONNECT_BYTES);
  expect((await readAll(socket)).toString()).toMatch(/^HTTP\/1.1 400 [\s\S]*HTTPS and MQTT over WebSocket with TLS \(wss:/);
  expect(wss.listener.counters.mqttOnHttp).toBe(1);
});

test("[C8 broker] TLS inside of TLS, which a proxy makes that adds its own, is told so; the admin port says that it is one", async () => {
  const { listener, events } = await openEcho("mqtts://127.0.0.1:0");
  const socket = dialTls(listener.port);
  socket.write(Buffer.from("160301000501000001", "hex"));
  expect((await readAll(socket)).toString()).toMatch(/^HTTP\/1.1 400 [\s\S]*This port speaks MQTT over TLS/);
  expect(events).toMatchObject([{ cause: "tlsOnPlain", message: expect.stringContaining("TLS inside of TLS") as string }]);
  const admin = await openEcho("ws://127.0.0.1:0", { hasWebSocket: false });
  const plain = dial(admin.listener.port);
  plain.write(CONNECT_BYTES);
  expect((await readAll(plain)).toString()).toMatch(/This port speaks HTTP \(http:\/\/\), for the admin API\./);
});

test("who says nothing inside of TLS is closed after the time limit, and counted", async () => {
  const { listener, events } = await openEcho("mqtts://127.0.0.1:0", { firstBytesTimeoutMs: 30 });
  const socket = dialTls(listener.port);
  await once(socket, "close");
  expect(events).toMatchObject([{ cause: "firstBytesTimeout" }]);
});
