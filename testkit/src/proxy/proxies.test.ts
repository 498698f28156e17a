import { join } from "node:path";
import { openLocalCa } from "@bowline/broker/internal";
import { type AttemptFailure, type Client, connect, type ConnectOptions } from "@bowline/client";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { seededRandom } from "../virtual/seeded-random.ts";
import { HttpProxyServer } from "./http-proxy-server.ts";
import { LocalBroker } from "./local-broker.ts";
import { SocksServer } from "./socks-server.ts";
import type { TestServer } from "./test-server.ts";

// The client through real proxies of the loopback, to a real broker.

let broker: LocalBroker;
let proxyCa: string;
let proxyCertificate: { cert: string; key: string };
const proxies = new Set<TestServer>();
const clients = new Set<Client>();

beforeAll(async () => {
  broker = await LocalBroker.start();
  const authority = await openLocalCa({ folder: join(broker.folder, "proxy") });
  const { certificate, privateKey } = await authority.issue(["localhost", "127.0.0.1"]);
  proxyCertificate = { cert: certificate, key: privateKey };
  proxyCa = authority.certificate;
});
afterEach(async () => {
  await Promise.all([...clients].map((client) => client.abort()));
  await Promise.all([...proxies].map((proxy) => proxy.stop()));
  clients.clear();
  proxies.clear();
});
afterAll(() => broker.stop());

function kept<Kind extends TestServer>(proxy: Kind): Kind {
  proxies.add(proxy);
  return proxy;
}

function open(url: string, options: ConnectOptions): { client: Client; failures: AttemptFailure[] } {
  const client = connect(url, { tls: { ca: broker.ca }, ...options });
  const failures: AttemptFailure[] = [];
  client.on("attemptFailed", (failure) => failures.push(failure));
  clients.add(client);
  return { client, failures };
}

/** Sends a large message over and back. */
async function exchange(client: Client): Promise<void> {
  const payload = new Uint8Array(300_000).fill(7);
  const subscription = client.subscribe("proxies/t", { qos: 1 });
  await subscription.ready;
  await client.publish("proxies/t", payload, { qos: 1 });
  for await (const message of subscription) {
    expect(Buffer.compare(message.payload, payload)).toBe(0);
    break;
  }
}

/** Enough that each stage is met; more with BOWLINE_LONG=1. */
const ROUNDS = process.env["BOWLINE_LONG"] === "1" ? 2000 : 120;
const schemes = ["mqtt", "mqtts", "ws", "wss"] as const;

describe.each(schemes)("%s goes through", (scheme) => {
  test.each(["socks5h", "socks5", "socks4a", "socks4"])("%s, and leaves nothing open", async (kind) => {
    const proxy = kept(await SocksServer.start());
    const { client, failures } = open(broker.url(scheme), { proxy: `${kind}://127.0.0.1:${proxy.port}` });
    await exchange(client);
    await client.close();
    await proxy.emptied();
    const port = broker.port(scheme);
    const resolvesHere = kind === "socks5" || kind === "socks4";
    expect(proxy.asked).toEqual([resolvesHere ? expect.not.stringContaining("localhost") : `localhost:${port}`]);
    expect(failures).toEqual([]);
  });

  test("socks5 with a password", async () => {
    const proxy = kept(await SocksServer.start({ username: "ann", password: "p@ss:word" }));
    const { client } = open(broker.url(scheme), { proxy: `socks5h://ann:p%40ss%3Aword@127.0.0.1:${proxy.port}` });
    await exchange(client);
  });

  test("http with a password", async () => {
    const proxy = kept(await HttpProxyServer.start({ credentials: "ann:p@ss:word" }));
    const { client } = open(broker.url(scheme), { proxy: `http://ann:p%40ss%3Aword@127.0.0.1:${proxy.port}` });
    await exchange(client);
    await client.close();
    await proxy.emptied();
    expect(proxy.asked).toHaveLength(1);
  });

  test("https, whose authority is its own", async () => {
    const proxy = kept(await HttpProxyServer.start({ tls: proxyCertificate }));
    const { client } = open(broker.url(scheme), { proxy: { url: `https://localhost:${proxy.port}`, tls: { ca: proxyCa } } });
    await exchange(client);
    await client.close();
    await proxy.emptied();
  });

  test("and comes back through it after a cut", async () => {
    const proxy = kept(await SocksServer.start());
    const { client } = open(broker.url(scheme), { proxy: `socks5h://127.0.0.1:${proxy.port}`, reconnect: { delay: () => 1 } });
    await client.online();
    const lost = new Promise((resolve) => client.once("connectionLost", resolve));
    proxy.cut();
    await lost;
    await exchange(client);
    expect(proxy.asked).toHaveLength(2);
  });
});

describe("a proxy that does not let through is one failure, with its name", () => {
  const socks = async (behaviour: Parameters<typeof SocksServer.start>[0], user = ""): Promise<string> =>
    `socks5h://${user}127.0.0.1:${kept(await SocksServer.start(behaviour)).port}`;
  const http = async (behaviour: Parameters<typeof HttpProxyServer.start>[0], user = ""): Promise<string> =>
    `http://${user}127.0.0.1:${kept(await HttpProxyServer.start(behaviour)).port}`;
  const closed = async (scheme: string): Promise<string> => {
    const proxy = await SocksServer.start();
    await proxy.stop();
    return `${scheme}://127.0.0.1:${proxy.port}`;
  };
  const cases: readonly (readonly [title: string, code: string, proxy: () => Promise<ConnectOptions["proxy"]>])[] = [
    ["no SOCKS proxy there", "PROXY_UNREACHABLE", () => closed("socks5")],
    ["no HTTP proxy there", "PROXY_UNREACHABLE", () => closed("http")],
    ["no host of that name", "PROXY_UNREACHABLE", () => Promise.resolve("http://proxy.invalid:3128")],
    ["SOCKS: a password is wanted", "PROXY_AUTH", () => socks({ username: "ann", password: "sesame" })],
    ["SOCKS: a wrong password", "PROXY_AUTH", () => socks({ username: "ann", password: "sesame" }, "ann:barley@")],
    ["HTTP: a password is wanted", "PROXY_AUTH", () => http({ credentials: "ann:sesame" })],
    ["HTTP: a wrong password", "PROXY_AUTH", () => http({ credentials: "ann:sesame" }, "ann:barley@")],
    ["SOCKS: not allowed", "PROXY_REFUSED", () => socks({ reply: 2 })],
    ["HTTP: not allowed", "PROXY_REFUSED", () => http({ status: 403 })],
    ["SOCKS: the host is unreachable", "PROXY_TARGET", () => socks({ reply: 4 })],
    ["SOCKS: the server refuses", "PROXY_TARGET", () => socks({ reply: 5 })],
    ["HTTP: the server refuses", "PROXY_TARGET", () => http({ status: 502 })],
    ["SOCKS: hangs at the greeting", "PROXY_TIMEOUT", () => socks({ fault: "hang-at-greeting" })],
    ["SOCKS: hangs at the request", "PROXY_TIMEOUT", () => socks({ fault: "hang-at-request" })],
    ["HTTP: hangs", "PROXY_TIMEOUT", () => http({ fault: "hang" })],
    ["SOCKS: closes at the greeting", "PROXY_CLOSED", () => socks({ fault: "close-at-greeting" })],
    ["SOCKS: closes at the request", "PROXY_CLOSED", () => socks({ fault: "close-at-request" })],
    ["HTTP: closes", "PROXY_CLOSED", () => http({ fault: "close" })],
    ["a SOCKS URL for an HTTP proxy", "PROXY_PROTOCOL", async () => (await http({})).replace("http", "socks5h")],
    ["an HTTPS URL for an HTTP proxy", "PROXY_TLS", async () => (await http({})).replace("http", "https")],
    ["a proxy's unknown authority", "PROXY_TLS", async () => (await http({ tls: proxyCertificate })).replace("http", "https")],
    ["no proxy's scheme", "OPTION_INVALID", () => Promise.resolve("ftp://proxy:21")],
  ];

  test.each(cases)("%s: %s", async (_title, code, makeProxy) => {
    for (const scheme of ["mqtt", "wss"]) {
      const proxy = (await makeProxy()) ?? "";
      const { client, failures } = open(broker.url(scheme), { proxy, connectTimeoutMs: 300, reconnect: false });
      await client.online().catch(() => undefined);
      expect(failures).toHaveLength(1);
      expect(failures[0]).toMatchObject({ code, stage: code === "OPTION_INVALID" ? "input" : "proxy" });
      expect(JSON.stringify(failures[0]) + String(failures[0]?.error.message)).not.toMatch(/barley|sesame/);
      await client.abort();
    }
    for (const proxy of proxies) await proxy.emptied();
  });

  test("behind a proxy a failure is told as without one", async () => {
    const proxy = kept(await SocksServer.start());
    const { failures, client } = open(broker.url("mqtts"), {
      proxy: `socks5h://127.0.0.1:${proxy.port}`,
      tls: {},
      reconnect: false,
    });
    await client.online().catch(() => undefined);
    expect(failures).toMatchObject([{ code: "TLS_UNKNOWN_CA", stage: "tls" }]);
    await proxy.emptied();
  });

  test("closing while the proxy hangs leaves no socket", async () => {
    for (const proxy of [await SocksServer.start({ fault: "hang-at-request" }), await HttpProxyServer.start({ fault: "hang" })]) {
      kept(proxy);
      const scheme = proxy instanceof SocksServer ? "socks5h" : "http";
      for (const how of ["close", "abort"] as const) {
        const { client } = open(broker.url("wss"), { proxy: `${scheme}://127.0.0.1:${proxy.port}` });
        await proxy.awaitConnection();
        await client[how]();
        await proxy.emptied();
      }
    }
  });
});

test("cut at random moments on the way through, nothing is left", async () => {
  const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
  console.log(`seed ${seed}`);
  const random = seededRandom(seed);
  const socks = kept(await SocksServer.start());
  const http = kept(await HttpProxyServer.start());
  const before = process.getActiveResourcesInfo().length;
  for (let round = 0; round < ROUNDS; round++) {
    const proxy = random() < 0.5 ? `socks5h://127.0.0.1:${socks.port}` : `http://127.0.0.1:${http.port}`;
    const { client, failures } = open(broker.url(schemes[round % schemes.length] ?? "mqtt"), { proxy });
    for (let turns = random() * 40; turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
    await (random() < 0.5 ? client.close() : client.abort());
    clients.delete(client);
    expect(failures).toEqual([]);
  }
  await socks.emptied();
  await http.emptied();
  expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(before + 2);
});
