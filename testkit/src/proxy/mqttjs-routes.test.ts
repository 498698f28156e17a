import * as http from "node:http";
import * as net from "node:net";
import * as ours from "@bowline/mqttjs";
import theirs from "mqtt";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { HttpProxyServer } from "./http-proxy-server.ts";
import { LocalBroker } from "./local-broker.ts";
import { SocksServer } from "./socks-server.ts";
import { TestServer } from "./test-server.ts";

// Ways to the server that MQTT.js has, with npm's mqtt and with the drop-in.

let broker: LocalBroker;
const servers = new Set<TestServer>();
const clients = new Set<ours.MqttClient>();

beforeAll(async () => {
  broker = await LocalBroker.start();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all([...clients].map((client) => client.endAsync(true)));
  await Promise.all([...servers].map((server) => server.stop()));
  clients.clear();
  servers.clear();
});
afterAll(() => broker.stop());

function kept<Kind extends TestServer>(server: Kind): Kind {
  servers.add(server);
  return server;
}

async function closedPort(): Promise<number> {
  const server = new TestServer(net.createServer());
  await server.listen();
  await server.stop();
  return server.port;
}

describe.each([
  { name: "mqtt of npm", library: theirs as unknown as typeof ours, isOurs: false },
  { name: "the drop-in", library: ours, isOurs: true },
])("$name", ({ library, isOurs }) => {
  let base: ours.IClientOptions;
  beforeEach(() => {
    base = { ca: broker.ca, reconnectPeriod: 10, connectTimeout: 5000 };
  });

  /** Connects, and sends a message over and back. */
  async function works(url: string, options: ours.IClientOptions): Promise<ours.MqttClient> {
    const client = library.connect(url, { ...base, ...options });
    clients.add(client);
    client.on("error", () => undefined);
    await new Promise((resolve) => client.once("connect", resolve));
    const message = new Promise((resolve) => client.once("message", (topic, payload) => resolve(`${topic} ${payload}`)));
    await client.subscribeAsync("routes/t");
    client.publish("routes/t", "hello");
    expect(await message).toBe("routes/t hello");
    return client;
  }

  test.each(["mqtt", "mqtts"])("socksProxy, %s", async (scheme) => {
    for (const kind of ["socks5h", "socks5", "socks4a", "socks4"]) {
      const proxy = kept(await SocksServer.start());
      await works(broker.url(scheme), { socksProxy: `${kind}://127.0.0.1:${proxy.port}` });
      expect(proxy.asked).toHaveLength(1);
    }
  });

  test("MQTTJS_SOCKS_PROXY of the environment, for TCP and TLS and not for WebSockets", async () => {
    const proxy = kept(await SocksServer.start());
    vi.stubEnv("MQTTJS_SOCKS_PROXY", `socks5h://127.0.0.1:${proxy.port}`);
    await works(broker.url("mqtts"), {});
    await works(broker.url("wss"), { wsOptions: { ca: broker.ca } });
    expect(proxy.asked).toEqual([`localhost:${broker.port("mqtts")}`]);
  });

  test("servers in turn, each with its protocol, and the first again after the last", async () => {
    const closed = await closedPort();
    const list: ours.IClientOptions["servers"] = [
      { host: "127.0.0.1", port: closed },
      { host: "127.0.0.1", port: closed, protocol: "ws" },
      { host: "localhost", port: broker.port("mqtts"), protocol: "mqtts" },
      { host: "localhost", port: broker.port("mqtt"), protocol: "mqtt" },
    ];
    const client = await works("", { protocol: "mqtt", servers: list });
    expect(client.options).toMatchObject({ port: broker.port("mqtts"), protocol: "mqtts" });
    const next = new Promise((resolve) => client.once("connect", resolve));
    client.stream.destroy();
    await next;
    expect(client.options).toMatchObject({ port: broker.port("mqtt"), protocol: "mqtt" });
    const ports: unknown[] = [];
    client.on("close", () => ports.push(client.options.port));
    const third = new Promise((resolve) => client.once("connect", resolve));
    client.stream.destroy();
    await third;
    expect(ports).toEqual([broker.port("mqtt"), closed, closed]);
    expect(client.options.port).toBe(broker.port("mqtts"));
  });

  test("headers and an agent of wsOptions", async () => {
    const seen: unknown[] = [];
    const front = kept(new TestServer(http.createServer()));
    front.server.on("upgrade", (request: http.IncomingMessage, socket: net.Socket) => {
      seen.push(request.headers["x-token"]);
      socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    });
    await front.listen();
    const agent = new http.Agent();
    const opened = vi.spyOn(agent, "createConnection");
    const wsOptions = { headers: { "X-Token": "1" }, agent };
    const client = library.connect(`ws://127.0.0.1:${front.port}/mqtt`, { ...base, reconnectPeriod: 0, wsOptions });
    clients.add(client);
    client.on("error", () => undefined);
    await new Promise<void>((resolve) => client.once("close", resolve));
    expect([seen, opened.mock.calls.length]).toEqual([["1"], 1]);
    agent.destroy();
  });

  test("TLS options of wsOptions come before those beside them", () =>
    works(broker.url("wss"), { ca: "", rejectUnauthorized: true, wsOptions: { ca: broker.ca } }));

  test("a Client Identifier in the URL comes before the option's", async () => {
    const client = await works(`${broker.url("mqtt")}?clientId=routes-1`, { clientId: "routes-2" });
    expect(client.options.clientId).toBe("routes-1");
  });

  test("a port as text, as an environment has it", () =>
    works("", { protocol: "mqtt", host: "localhost", port: String(broker.port("mqtt")) as unknown as number }));

  test("createWebsocket and transformWsUrl", async () => {
    const urls: string[] = [];
    await works(broker.url("ws"), {
      transformWsUrl: (url) => `${url}?token=1`,
      createWebsocket: (url, subprotocols) => {
        urls.push(`${url} ${subprotocols.join()}`);
        return new WebSocket(url, subprotocols);
      },
    });
    expect(urls).toEqual([`${broker.url("ws")}?token=1 mqtt`]);
  });

  test("an application's own stream", async () => {
    const client = new library.MqttClient(() => net.connect({ host: "127.0.0.1", port: broker.port("mqtt") }), { ...base });
    clients.add(client);
    await new Promise((resolve) => client.once("connect", resolve));
    expect(await client.subscribeAsync("routes/s")).toMatchObject([{ topic: "routes/s", qos: 0 }]);
  });

  test("ALPN and a server name by the options of tls.connect", async () => {
    const port = broker.port("mqtts");
    await works(`mqtts://127.0.0.1:${port}`, { servername: "localhost", ALPNProtocols: ["mqtt"] });
  });

  test.runIf(isOurs)("only here: a password in the proxy's URL, a proxy for WebSockets, and HTTP proxies", async () => {
    const socks = kept(await SocksServer.start({ username: "ann", password: "sesame" }));
    await works(broker.url("wss"), { socksProxy: `socks5h://ann:sesame@127.0.0.1:${socks.port}` });
    const proxy = kept(await HttpProxyServer.start({ credentials: "ann:sesame" }));
    await works(broker.url("wss"), { bowline: { proxy: `http://ann:sesame@127.0.0.1:${proxy.port}` } });
    await works(broker.url("mqtt"), { bowline: { proxy: `http://ann:sesame@127.0.0.1:${proxy.port}` } });
    expect([socks.asked.length, proxy.asked.length]).toEqual([1, 2]);
  });

  test.runIf(isOurs)("only here: a proxy that hangs is one error for each attempt, within socksTimeout", async () => {
    const proxy = kept(await SocksServer.start({ fault: "hang-at-request" }));
    const client = library.connect(broker.url("mqtt"), {
      ...base,
      socksProxy: `socks5h://127.0.0.1:${proxy.port}`,
      socksTimeout: 50,
    });
    clients.add(client);
    const codes: unknown[] = [];
    await new Promise<void>((resolve) =>
      client.on("error", (error) => codes.push((error as ours.WithFailure).failure?.code) === 3 && resolve()),
    );
    expect(codes).toEqual(["PROXY_TIMEOUT", "PROXY_TIMEOUT", "PROXY_TIMEOUT"]);
    expect(proxy.taken).toBe(3);
  });
});
