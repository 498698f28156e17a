import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { BlockList, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { Worker } from "node:worker_threads";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type LocalCa, openLocalCa } from "../tls/local-ca.ts";
import { TenantTable } from "../tls/tenant-directory.ts";
import { TenantTls } from "../tls/tenant-tls.ts";
import type { Arrival } from "./arrival.ts";
import { PROXY_V2_SIGNATURE } from "./first-bytes.ts";
import { ConnectionLimiter } from "./connection-limiter.ts";
import { type ConnectionLimits, defaultConnectionLimits } from "./connection-limits.ts";
import { parseListenUrl } from "./listen-url.ts";
import { type Listener, type ListenerOptions, openListener } from "./listener.ts";
import { loopbackAddresses } from "./loopback.ts";

let folder: string;
let ca: LocalCa;
let tenants: TenantTable;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bowline-front-"));
  ca = await openLocalCa({ folder });
  tenants = new TenantTable(new TenantTls({ tenant: "default", material: await ca.issue(["localhost"]) }));
  tenants.add(new TenantTls({ tenant: "acme", material: await ca.issue(["acme.localhost"]) }), ["acme.localhost"]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (let cleanup = cleanups.pop(); cleanup !== undefined; cleanup = cleanups.pop()) await cleanup();
});

interface Running {
  readonly listener: Listener;
  arrival(): Promise<Arrival>;
  event(): Promise<string>;
}

/** A listener whose arrivals and refusals can be awaited one after the other. */
async function run(url: string, options: Partial<ListenerOptions> = {}): Promise<Running> {
  const arrivals = queue<Arrival>();
  const events = queue<string>();
  const accept = (arrival: Arrival): void => {
    arrival.channel.handler = { data: (chunk) => void arrival.channel.write(Uint8Array.from(chunk)), drained() {}, closed() {} };
    arrivals.put(arrival);
  };
  const listener = await openListener({
    url: parseListenUrl(url),
    tenants,
    accept,
    onEvent: (event) => events.put(event.cause),
    ...options,
  });
  cleanups.push(() => listener.close({ graceMs: 0 }));
  return { listener, arrival: arrivals.take, event: events.take };
}

function queue<T>(): { put(item: T): void; take(): Promise<T> } {
  const items: T[] = [];
  const takers: ((item: T) => void)[] = [];
  return {
    put(item) {
      const taker = takers.shift();
      if (taker === undefined) items.push(item);
      else taker(item);
    },
    take: () => (items.length > 0 ? Promise.resolve(items.shift() as T) : new Promise((resolve) => takers.push(resolve))),
  };
}

function dial(listener: Listener, ...pieces: (string | Uint8Array)[]): Socket {
  const socket = connect({ port: listener.port, host: "127.0.0.1" });
  socket.setNoDelay(true).on("error", () => {});
  cleanups.push(() => socket.destroy());
  for (const piece of pieces) socket.write(piece);
  return socket;
}

const CONNECT_BYTES = Uint8Array.from([0x10, 0x0c, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 60, 0, 0]);
const V1 = "PROXY TCP4 203.0.113.7 10.0.0.1 12345 1883\r\n";

function upgradeRequest(headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const fixed = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n";
  return `GET /mqtt HTTP/1.1\r\n${fixed}Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n${lines.join("")}\r\n`;
}

/** The status and the text of an HTTP answer. */
async function answerTo(socket: Socket): Promise<string> {
  const [chunk] = (await once(socket, "data")) as [Buffer];
  return chunk.toString().replace(/^HTTP\/1.1 (\d+)[\s\S]*\r\n\r\n/, "$1 ");
}

/** The field of a PROXY header for TLS that ended at the proxy, with a certificate that it has verified: CN=device. */
const CERTIFIED = Buffer.from([0x20, 0, 14, 0x07, 0, 0, 0, 0, 0x22, 0, 6, ...Buffer.from("device")]);

function v2WithAuthority(authority: string, more: Buffer = Buffer.alloc(0)): Buffer {
  const payload = Buffer.concat([
    Buffer.from([203, 0, 113, 7, 10, 0, 0, 1, 0x30, 0x39, 0x07, 0x5b, 2, 0, authority.length]),
    Buffer.from(authority),
    more,
  ]);
  return Buffer.concat([Buffer.from(PROXY_V2_SIGNATURE, "latin1"), Buffer.from([0x21, 0x11, 0, payload.length]), payload]);
}

test("a trusted proxy's header gives the client's address, and what follows it is the client's", async () => {
  const { listener, arrival } = await run("mqtt://127.0.0.1:0", { trustedProxies: loopbackAddresses });
  const socket = dial(listener, V1, CONNECT_BYTES);
  expect(await arrival()).toMatchObject({
    remoteAddress: "203.0.113.7",
    remotePort: 12_345,
    localPort: listener.port,
    proxy: { version: 1 },
  });
  expect((await once(socket, "data"))[0]).toEqual(Buffer.from(CONNECT_BYTES));
  // In one segment, too.
  dial(listener, Buffer.concat([Buffer.from(V1), CONNECT_BYTES]));
  expect(await arrival()).toMatchObject({ remoteAddress: "203.0.113.7" });
});

test("a trusted proxy must send its header, and nobody else may", async () => {
  const trusting = await run("mqtt://127.0.0.1:0", { trustedProxies: loopbackAddresses });
  await once(dial(trusting.listener, CONNECT_BYTES), "close");
  expect(await trusting.event()).toBe("proxyHeaderInvalid");
  const others = new BlockList();
  others.addAddress("192.0.2.1", "ipv4");
  const strict = await run("mqtt://127.0.0.1:0", { trustedProxies: others });
  await once(dial(strict.listener, V1, CONNECT_BYTES), "close");
  expect(await strict.event()).toBe("proxyHeaderUnexpected");
  dial(strict.listener, CONNECT_BYTES);
  expect(await strict.arrival()).toMatchObject({ remoteAddress: "127.0.0.1" });
});

test("who has reset its connection before it was accepted is nobody, whatever it sent: no trusted proxy either", async () => {
  const trustedProxies = new BlockList();
  trustedProxies.addSubnet("192.0.2.0", 24);
  const { listener, event } = await run("mqtt://127.0.0.1:0", { trustedProxies });
  const isDone = new Int32Array(new SharedArrayBuffer(4));
  const bytes = Buffer.from("PROXY TCP4 192.0.2.7 192.0.2.1 4711 8883\r\n\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01a", "latin1");
  const worker = new Worker(RESETTING_PEER, { eval: true, workerData: { port: listener.port, bytes, isDone } });
  cleanups.push(() => worker.terminate());
  // This thread accepts nothing meanwhile.
  Atomics.wait(isDone, 0, 0, 10_000);
  expect(await event()).toBe("closedEarly");
  expect(listener.counters.arrived).toBe(0);
});

const RESETTING_PEER = `
  const { port, bytes, isDone } = require("node:worker_threads").workerData;
  const socket = require("node:net").connect(port, "127.0.0.1", () => socket.write(bytes, () => socket.resetAndDestroy()));
  socket.on("error", () => {}).on("close", () => { Atomics.store(isDone, 0, 1); Atomics.notify(isDone, 0); });
`;

test("the name a proxy was asked for chooses the tenant of a plaintext connection", async () => {
  const { listener, arrival, event } = await run("mqtt://127.0.0.1:0", { trustedProxies: loopbackAddresses });
  dial(listener, v2WithAuthority("acme.localhost"), CONNECT_BYTES);
  expect(await arrival()).toMatchObject({ tenant: "acme", proxy: { authority: "acme.localhost" } });
  await once(dial(listener, v2WithAuthority("stranger.localhost"), CONNECT_BYTES), "close");
  expect(await event()).toBe("proxyNameUnknown");
});

test("TLS behind a PROXY header keeps the client's address, and our ClientHello decides over the proxy's name", async () => {
  const { listener, arrival } = await run("mqtts://127.0.0.1:0", { trustedProxies: loopbackAddresses });
  const raw = dial(listener, v2WithAuthority("localhost"));
  const socket = connectTls({ socket: raw, servername: "acme.localhost", ca: ca.certificate });
  cleanups.push(() => socket.destroy());
  await once(socket, "secureConnect");
  socket.write(CONNECT_BYTES);
  expect(await arrival()).toMatchObject({ tenant: "acme", transport: "tls", remoteAddress: "203.0.113.7" });
});

function limiter(limits: Partial<ConnectionLimits>): ConnectionLimiter {
  return new ConnectionLimiter({ ...defaultConnectionLimits, ...limits }, () => 0);
}

test("limits per address count each connection once, by the client's address, until it closes", async () => {
  const own = limiter({ maximumConnectionsPerAddress: 1 });
  const direct = await run("mqtt://127.0.0.1:0", { limiter: own });
  const first = dial(direct.listener, CONNECT_BYTES);
  await direct.arrival();
  await once(dial(direct.listener, CONNECT_BYTES), "close");
  expect(await direct.event()).toBe("addressLimit");
  expect(own.open).toBe(1);
  first.destroy();
  await direct.listener.close();
  expect(own.open).toBe(0);

  // Behind a proxy it is the client's address that counts, and not the proxy's.
  const proxied = await run("mqtt://127.0.0.1:0", { limiter: own, trustedProxies: loopbackAddresses });
  dial(proxied.listener, V1, CONNECT_BYTES);
  await proxied.arrival();
  dial(proxied.listener, V1.replace("203.0.113.7", "203.0.113.8"), CONNECT_BYTES);
  await proxied.arrival();
  await once(dial(proxied.listener, V1, CONNECT_BYTES), "close");
  expect(await proxied.event()).toBe("addressLimit");
  expect(own.open).toBe(2);
  await proxied.listener.close({ graceMs: 0 });
  expect(own.open).toBe(0);
});

test("a TLS handshake over the rate is refused before its work, and connections that are open do not notice", async () => {
  const { listener, arrival, event } = await run("mqtts://127.0.0.1:0", { limiter: limiter({ handshakesPerSecondPerAddress: 1 }) });
  const dialTls = (): Socket => {
    const socket = connectTls({ port: listener.port, host: "127.0.0.1", servername: "localhost", ca: ca.certificate });
    cleanups.push(() => socket.destroy());
    return socket.on("error", () => {});
  };
  const sockets: Socket[] = [];
  for (let count = 0; count < 4; count++) {
    const socket = dialTls();
    sockets.push(socket);
    await once(socket, "secureConnect");
    socket.write(CONNECT_BYTES);
    await arrival();
    await once(socket, "data");
  }
  await new Promise((resolve) => dialTls().once("close", resolve));
  expect(await event()).toBe("addressHandshakeRate");
  expect(listener.counters.addressHandshakeRate).toBe(1);
  sockets[0]!.write(CONNECT_BYTES);
  expect((await once(sockets[0]!, "data"))[0]).toEqual(Buffer.from(CONNECT_BYTES));
});

test("a client that a trusted proxy names in a header is counted by its own address, and answered 429 over its limit", async () => {
  const own = limiter({ maximumConnectionsPerAddress: 1 });
  const { listener, arrival, event } = await run("ws://127.0.0.1:0", { limiter: own, forwardedBy: loopbackAddresses });
  const upgrade = (client: string): Socket => dial(listener, upgradeRequest({ Host: "localhost", "X-Forwarded-For": client }));
  upgrade("203.0.113.7");
  upgrade("203.0.113.8");
  await arrival();
  await arrival();
  const third = upgrade("203.0.113.7");
  expect(String((await once(third, "data"))[0])).toMatch(/^HTTP\/1.1 429 /);
  expect(await event()).toBe("addressLimit");
  await listener.close({ graceMs: 0 });
  expect(own.open).toBe(0);
});

test("a failed handshake is told with its reason", async () => {
  const { listener, event } = await run("mqtts://127.0.0.1:0");
  const socket = connectTls({
    port: listener.port,
    host: "127.0.0.1",
    servername: "localhost",
    maxVersion: "TLSv1.1",
    minVersion: "TLSv1",
    ciphers: "DEFAULT:@SECLEVEL=0",
  });
  socket.on("error", () => {});
  expect(await event()).toBe("handshakeFailed");
  expect(listener.counters).toMatchObject({ handshakeFailed: 1, arrived: 0 });
});

test("a client that leaves in the middle of the handshake is a failed handshake, and leaves nothing open", async () => {
  const { listener, event } = await run("mqtts://127.0.0.1:0");
  const socket = connectTls({ port: listener.port, host: "127.0.0.1", servername: "localhost", ca: ca.certificate });
  socket.on("error", () => {});
  // Keys exist once the server has answered and before the client has finished.
  socket.once("keylog", () => socket.destroy());
  expect(await event()).toBe("handshakeFailed");
  await listener.close({ graceMs: 60_000 });
  expect(listener.openConnections).toBe(0);
});

/* Behind proxies that speak HTTP. */

test.each([
  ["acme", { Host: "acme.localhost:443" }],
  ["acme", { Host: "127.0.0.1:8083", "X-Forwarded-Host": "ACME.localhost." }],
  ["default", { Host: "acme.localhost", "X-Forwarded-Host": "localhost" }],
  // Each proxy adds at the end.
  ["acme", { Host: "x", "X-Forwarded-Host": "stranger.localhost, acme.localhost" }],
  ["default", { Host: "127.0.0.1:8083" }],
  ["default", { Host: "[::1]:8083" }],
])("a trusted proxy's headers lead to the tenant %s: %j", async (tenant, headers) => {
  const { listener, arrival } = await run("ws://127.0.0.1:0", { forwardedHost: true, headersBy: loopbackAddresses });
  dial(listener, upgradeRequest(headers));
  expect(await arrival()).toMatchObject({ tenant, transport: "ws" });
});

test("a name that is nobody's is refused with 421, and no name where one is required", async () => {
  const options = { forwardedHost: true, headersBy: loopbackAddresses };
  const { listener, event } = await run("ws://127.0.0.1:0", { ...options, requireSni: true });
  expect(await answerTo(dial(listener, upgradeRequest({ Host: "stranger.localhost" })))).toBe(
    "421 No tenant has the name stranger.localhost.\n",
  );
  expect(await event()).toBe("proxyNameUnknown");
  expect(await answerTo(dial(listener, upgradeRequest({ Host: "127.0.0.1:8083" })))).toMatch(/^421 .*host name/);
  expect(await event()).toBe("serverNameMissing");
});

test("names lead to tenants without TLS as well", async () => {
  const { listener, arrival } = await run("ws://127.0.0.1:0", {
    tenants: undefined as never,
    tenantOfName: (name) => (name === "plain.example.com" ? "plain" : undefined),
    forwardedHost: true,
    headersBy: loopbackAddresses,
  });
  dial(listener, upgradeRequest({ Host: "plain.example.com" }));
  expect(await arrival()).toMatchObject({ tenant: "plain" });
});

test("who is no trusted proxy comes to the listener's tenant, whatever its headers say", async () => {
  const others = new BlockList();
  others.addAddress("192.0.2.1", "ipv4");
  for (const options of [{ headersBy: others, forwardedHost: true }, { headersBy: loopbackAddresses }, {}]) {
    const { listener, arrival } = await run("ws://127.0.0.1:0", options);
    dial(listener, upgradeRequest({ Host: "acme.localhost", "X-Forwarded-Host": "acme.localhost" }));
    expect(await arrival()).toMatchObject({ tenant: "default" });
  }
});

test("after a PROXY header the authority goes before Host, and they must agree; without one Host is what the client asked for", async () => {
  const { listener, arrival, event } = await run("ws://127.0.0.1:0", { trustedProxies: loopbackAddresses, forwardedHost: true });
  dial(listener, v2WithAuthority("acme.localhost"), upgradeRequest({ Host: "acme.localhost" }));
  expect(await arrival()).toMatchObject({ tenant: "acme" });
  const torn = dial(listener, v2WithAuthority("acme.localhost"), upgradeRequest({ Host: "localhost" }));
  expect(await answerTo(torn)).toMatch(/^421 The Host header names another tenant/);
  expect(await event()).toBe("httpMisdirected");
  // The proxy handed bytes on: all headers are the client's.
  dial(listener, V1, upgradeRequest({ Host: "acme.localhost", "X-Forwarded-Host": "localhost" }));
  expect(await arrival()).toMatchObject({ tenant: "acme", proxy: { version: 1 } });
});

test("the certificate that a trusted proxy hands on is its client's; others' word for it is ignored and counted", async () => {
  const options = { certificateHeader: "X-Client-Certificate", headersBy: loopbackAddresses };
  const trusting = await run("ws://127.0.0.1:0", options);
  const subject = { Host: "localhost", "X-Client-Certificate": "CN=device" };
  dial(trusting.listener, upgradeRequest(subject));
  expect(await trusting.arrival()).toMatchObject({ identity: { commonName: "device" } });
  // A client without one is told apart from a proxy that says nothing.
  dial(trusting.listener, upgradeRequest({ Host: "localhost" }));
  expect((await trusting.arrival()).identity).toEqual({});
  expect(await answerTo(dial(trusting.listener, upgradeRequest({ ...subject, "X-Client-Certificate": "?" })))).toMatch(/^400 /);
  expect(await trusting.event()).toBe("proxyIdentityInvalid");
  expect(trusting.listener.counters.identitiesIgnored).toBe(0);

  const others = new BlockList();
  others.addAddress("192.0.2.1", "ipv4");
  const strict = await run("ws://127.0.0.1:0", { ...options, headersBy: others });
  dial(strict.listener, upgradeRequest(subject));
  expect(await strict.arrival()).not.toHaveProperty("identity");
  const handedOn = await run("ws://127.0.0.1:0", { ...options, trustedProxies: loopbackAddresses });
  dial(handedOn.listener, V1, upgradeRequest(subject));
  expect(await handedOn.arrival()).not.toHaveProperty("identity");
  for (const { listener } of [strict, handedOn]) expect(listener.counters.identitiesIgnored).toBe(1);
});

test("what a proxy says of a certificate counts at the listener's tenant alone", async () => {
  const options = { certificateHeader: "X-Client-Certificate", headersBy: loopbackAddresses, forwardedHost: true };
  const certified = { "X-Client-Certificate": "CN=device" };
  const shared = await run("ws://127.0.0.1:0", options);
  dial(shared.listener, upgradeRequest({ Host: "acme.localhost", ...certified }));
  const elsewhere = await shared.arrival();
  expect([elsewhere.tenant, elsewhere.identity]).toEqual(["acme", {}]);
  expect(shared.listener.counters.identitiesIgnored).toBe(1);
  const own = await run("ws://127.0.0.1:0/mqtt?tenant=acme", options);
  dial(own.listener, upgradeRequest({ Host: "acme.localhost", ...certified }));
  expect(await own.arrival()).toMatchObject({ tenant: "acme", identity: { commonName: "device" } });

  const tcp = await run("mqtt://127.0.0.1:0", { trustedProxies: loopbackAddresses });
  dial(tcp.listener, v2WithAuthority("acme.localhost", CERTIFIED), CONNECT_BYTES);
  const proxied = await tcp.arrival();
  expect([proxied.tenant, proxied.identity]).toEqual(["acme", {}]);
  dial(tcp.listener, v2WithAuthority("localhost", CERTIFIED), CONNECT_BYTES);
  expect(await tcp.arrival()).toMatchObject({ tenant: "default", identity: { commonName: "device" } });
});

/* Bans. */

test("a banned address gets alert 49 (access_denied) before any TLS work, at the tenant that has banned it", async () => {
  const asked: string[] = [];
  const { listener, arrival, event } = await run("mqtts://127.0.0.1:0", {
    trustedProxies: loopbackAddresses,
    isBanned: (tenant, address) => {
      asked.push(`${tenant} ${address}`);
      return tenant === "acme";
    },
    limiter: limiter({ handshakesPerSecondPerAddress: 1 }),
  });
  const secured = (name: string): Socket => {
    const socket = connectTls({ socket: dial(listener, V1), servername: name, ca: ca.certificate });
    cleanups.push(() => socket.destroy());
    return socket;
  };
  // More than the rate of handshakes: a banned address begins none.
  for (let count = 0; count < 6; count++) {
    const [error] = (await once(secured("acme.localhost"), "error")) as [Error];
    expect(error.message).toMatch(/alert access denied/i);
    expect(await event()).toBe("addressBanned");
  }
  const friend = secured("localhost");
  await once(friend, "secureConnect");
  friend.write(CONNECT_BYTES);
  expect(await arrival()).toMatchObject({ tenant: "default" });
  expect(asked).toContain("acme 203.0.113.7");
  expect(listener.counters.addressBanned).toBe(6);
});
