import { once } from "node:events";
import * as http from "node:http";
import * as net from "node:net";
import * as tls from "node:tls";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Client } from "../client.ts";
import { connect } from "../connect.ts";
import type { SocketOptions } from "../network-options.ts";
import type { ConnectOptions } from "../options.ts";
import type { AttemptFailure } from "../status.ts";
import { ca, good } from "../testing/certificates.ts";

const CONNACK = Uint8Array.of(0x20, 3, 0, 0, 0);
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

interface Port {
  readonly port: number;
  /** Where each connection came from. */
  readonly peers: string[];
}

/** A server on one address, and what it is to do with its sockets. */
async function listen(host: string, serve: (socket: net.Socket) => void, server: net.Server = net.createServer()): Promise<Port> {
  const sockets = new Set<net.Socket>();
  const peers: string[] = [];
  server.on("connection", (socket: net.Socket) => {
    peers.push(socket.remoteAddress ?? "");
    sockets.add(socket);
    socket.on("error", () => undefined).once("close", () => sockets.delete(socket));
  });
  server.on(server instanceof tls.Server ? "secureConnection" : "connection", serve);
  server.listen(0, host);
  await once(server, "listening");
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as net.AddressInfo).port, peers };
}

function accept(socket: net.Socket): void {
  socket.once("data", () => socket.write(CONNACK));
}

function open(url: string, options: ConnectOptions): { client: Client; failures: AttemptFailure[] } {
  const client = connect(url, { reconnect: false, ...options });
  const failures: AttemptFailure[] = [];
  client.on("attemptFailed", (failure) => failures.push(failure));
  cleanups.push(() => client.abort());
  return { client, failures };
}

async function online(url: string, socket: SocketOptions = {}): Promise<void> {
  const { client } = open(url, { socket });
  await client.online();
  await client.close();
}

/** A resolver that knows one name, with the addresses in that order. */
function resolver(...addresses: { address: string; family: 4 | 6 }[]): NonNullable<SocketOptions["lookup"]> {
  return ((_name: string, { all, family }: { all?: boolean; family?: number }, callback: (...answer: unknown[]) => void) => {
    const fit = addresses.filter((one) => (family !== 4 && family !== 6 ? true : one.family === family));
    if (all === true) callback(null, fit);
    else callback(null, fit[0]?.address, fit[0]?.family);
  }) as unknown as NonNullable<SocketOptions["lookup"]>;
}

const both = resolver({ address: "::1", family: 6 }, { address: "127.0.0.1", family: 4 });

describe("a name with addresses of both families", () => {
  test.each(["127.0.0.1", "::1"])("finds the one that listens, on %s", async (host) => {
    const { port } = await listen(host, accept);
    await online(`mqtt://both.example:${port}`, { lookup: both });
    await online(`mqtt://localhost:${port}`);
    await online(`mqtt://tenant.localhost:${port}`);
  });

  test("one family alone when it is asked for", async () => {
    const { port } = await listen("127.0.0.1", accept);
    await online(`mqtt://both.example:${port}`, { lookup: both, family: 4 });
    const { client, failures } = open(`mqtt://both.example:${port}`, { socket: { lookup: both, family: 6 } });
    await client.online().catch(() => undefined);
    expect(failures).toMatchObject([{ code: "TCP_REFUSED", stage: "tcp" }]);
  });

  test("refused by all is one failure", async () => {
    const server = net.createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as net.AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    for (const scheme of ["mqtt", "mqtts", "ws", "wss"]) {
      const { client, failures } = open(`${scheme}://both.example:${port}`, { socket: { lookup: both } });
      await client.online().catch(() => undefined);
      expect(failures).toMatchObject([{ code: "TCP_REFUSED" }]);
    }
  });
});

describe("options of sockets", () => {
  test("the address of this machine", async () => {
    const { port, peers } = await listen("127.0.0.1", accept);
    await online(`mqtt://127.0.0.1:${port}`, { localAddress: "127.0.0.2" });
    expect(peers).toEqual(["127.0.0.2"]);
  });

  test("an address that is not this machine's is one failure", async () => {
    const { port } = await listen("127.0.0.1", accept);
    const { client, failures } = open(`mqtt://127.0.0.1:${port}`, { socket: { localAddress: "192.0.2.1" } });
    await client.online().catch(() => undefined);
    expect(failures).toMatchObject([{ code: "TCP_UNREACH" }]);
  });

  test("no delay by default, and keep-alive only when it is asked for", async () => {
    const noDelay = vi.spyOn(net.Socket.prototype, "setNoDelay");
    const keepAlive = vi.spyOn(net.Socket.prototype, "setKeepAlive");
    const { port } = await listen("127.0.0.1", accept);
    await online(`mqtt://127.0.0.1:${port}`);
    expect([noDelay.mock.calls, keepAlive.mock.calls]).toEqual([[[true]], []]);
    await online(`mqtt://127.0.0.1:${port}`, { noDelay: false, keepAliveDelayMs: 20_000 });
    expect([noDelay.mock.calls, keepAlive.mock.calls]).toEqual([[[true], [false]], [[true, 20_000]]]);
  });

  test("an agent opens the connections of WebSockets", async () => {
    const { port } = await listen(
      "127.0.0.1",
      () => undefined,
      http.createServer().on("upgrade", (_request, socket) => socket.end("HTTP/1.1 403 No\r\n\r\n")),
    );
    let asked = 0;
    const agent = new http.Agent();
    const createConnection = agent.createConnection.bind(agent);
    agent.createConnection = (...given) => {
      asked++;
      return createConnection(...given);
    };
    const { client, failures } = open(`ws://127.0.0.1:${port}/mqtt`, { socket: { agent } });
    await client.online().catch(() => undefined);
    expect([asked, failures.map(({ code }) => code)]).toEqual([1, ["WS_403"]]);
    agent.destroy();
  });

  test("ALPN is offered, and what was chosen is known", async () => {
    const chosen: unknown[] = [];
    const server = tls.createServer({ ...good, ALPNProtocols: ["x-other", "mqtt"] });
    const { port } = await listen(
      "127.0.0.1",
      (socket) => {
        chosen.push((socket as tls.TLSSocket).alpnProtocol);
        accept(socket);
      },
      server,
    );
    const { client } = open(`mqtts://localhost:${port}`, { tls: { ca: ca.cert, alpnProtocols: ["mqtt"] } });
    await client.online();
    const refused = open(`mqtts://localhost:${port}`, { tls: { ca: ca.cert, alpnProtocols: ["nothing"] } });
    await refused.client.online().catch(() => undefined);
    expect(chosen).toEqual(["mqtt"]);
    expect(refused.failures).toMatchObject([{ code: "TLS_ALPN_WRONG", stage: "tls" }]);
  });
});

test("no answer to the SYN, and a proxy in the environment: it may be needed", async () => {
  vi.stubEnv("https_proxy", "http://proxy.example:3128");
  // A socket that never connects stands for a filter that drops what it is sent.
  vi.spyOn(net.Socket.prototype, "connect").mockImplementation(function connectNever(this: net.Socket) {
    return this;
  });
  const { client, failures } = open("mqtt://192.0.2.1", { connectTimeoutMs: 50 });
  await client.online().catch(() => undefined);
  expect(failures).toMatchObject([{ code: "TCP_TIMEOUT", stage: "tcp" }]);
  expect(failures[0]?.error.details?.candidates).toContain("PROXY_ENV");
  vi.unstubAllEnvs();
});

describe("the time limit holds over all stages", () => {
  const never = (() => undefined) as unknown as NonNullable<SocketOptions["lookup"]>;
  const silent = (): Promise<Port> => listen("127.0.0.1", (socket) => socket.resume());
  const cases: readonly (readonly [stage: string, code: string, url: (port: number) => string, options: ConnectOptions])[] = [
    ["dns", "DNS_TEMP", (port) => `mqtt://name.example:${port}`, { socket: { lookup: never } }],
    ["dns", "DNS_TEMP", (port) => `wss://name.example:${port}`, { socket: { lookup: never } }],
    ["tls", "SILENT", (port) => `mqtts://127.0.0.1:${port}`, { tls: { servername: "localhost" } }],
    ["tls", "SILENT", (port) => `wss://127.0.0.1:${port}`, { tls: { servername: "localhost" } }],
    ["http", "SILENT", (port) => `ws://127.0.0.1:${port}/mqtt`, {}],
    ["mqtt", "SILENT", (port) => `mqtt://127.0.0.1:${port}`, {}],
  ];

  test.each(cases)("%s: %s", async (stage, code, url, options) => {
    const { port } = await silent();
    const { client, failures } = open(url(port), { ...options, connectTimeoutMs: 100 });
    await client.online().catch(() => undefined);
    expect(failures).toMatchObject([{ stage, code }]);
    expect(failures[0]?.msToFail).toBeLessThan(600);
  });

  test.each(cases)("%s, ended in the middle", async (_stage, _code, url, options) => {
    const { port } = await silent();
    for (const how of ["close", "abort"] as const) {
      const { client, failures } = open(url(port), options);
      await new Promise((resolve) => setImmediate(resolve));
      await client[how]();
      expect(failures).toEqual([]);
    }
  });
});
