import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { LocalServer } from "../chaos/local-server.ts";
import { Clients, pause, until } from "./clients.ts";
import { connectOf } from "../broker/test-client.ts";
import { Link } from "../security/link.ts";
import { statedBar } from "../system/stated-bar.ts";
import { PasswordServer } from "./password-server.ts";

/* A forced end is one: the socket is closed, the server sends the will, and only then the end is told. */

/** 200 ms by the criterion, and room for a busy machine. */
const WILL_MS = 500;
let server: LocalServer;
const clients = new Clients();
beforeAll(async () => {
  server = await LocalServer.start({ listen: ["mqtt://127.0.0.1:0", "ws://127.0.0.1:0/mqtt"] });
});
afterEach(() => clients.end());
afterAll(() => server.close());

async function watched(topic: string): Promise<{ came: () => number | undefined }> {
  let at: number | undefined;
  const { client } = clients.core(server.url);
  await client.subscribe(topic, {}, () => (at = performance.now())).ready;
  return { came: () => at };
}

describe.each(["mqtt", "ws"])("over %s", (scheme) => {
  const url = (): string => server.server.listeners.find((one) => one.startsWith(scheme))!;

  test("[B1 client] abort() while connected: the will comes at once, and nothing stays open", async () => {
    const will = await watched(`will/${scheme}`);
    const { client } = clients.core(url(), {
      will: { topicName: `will/${scheme}`, payload: "gone" },
      session: { clientId: `w-${scheme}` },
    });
    await client.online();
    const started = performance.now();
    await client.abort();
    await until(() => will.came() !== undefined);
    expect(will.came()! - started).toBeLessThanOrEqual(WILL_MS);
    // The watcher is left.
    await until(() => [...server.server.broker.connections()].length === 1);
  });

  test("[B1 drop-in] end(true) while connected: the will comes at once; end(false) sends none", async () => {
    for (const force of [true, false]) {
      const topic = `will/${scheme}/${force}`;
      const will = await watched(topic);
      const { client } = clients.dropIn(url(), { will: { topic, payload: "gone" as never } });
      await until(() => client.connected);
      const started = performance.now();
      await client.endAsync(force);
      if (force) {
        await until(() => will.came() !== undefined);
        expect(will.came()! - started).toBeLessThanOrEqual(WILL_MS);
      } else {
        await pause(100);
        expect(will.came()).toBeUndefined();
      }
    }
  });
});

test("[B2 client scripted] [B2 drop-in scripted] a silent peer is found within 1.5 times the keep alive, and told once", async () => {
  const silent = await PasswordServer.start();
  silent.pongs = false;
  try {
    const { client, losses } = clients.core(silent.url, { keepAlive: 1, credentials: { username: "u", password: "good" } });
    const { client: other, errors } = clients.dropIn(silent.url, {
      keepalive: 1,
      username: "u",
      password: "good",
      reconnectPeriod: 60_000,
    });
    await client.online();
    await until(() => other.connected);
    const started = performance.now();
    await until(() => losses.length === 1 && errors.length === 1);
    expect(performance.now() - started).toBeLessThanOrEqual(1500 + 500);
    expect(losses[0]).toMatchObject({ code: "PING_TIMEOUT" });
    await pause(50);
    expect([losses.length, errors.length]).toEqual([1, 1]);
  } finally {
    await clients.end();
    await silent.close();
  }
});

describe("the broker publishes the will", () => {
  async function withWill(topicName: string, keepAlive: number): Promise<Link> {
    const link = await Link.open(server.url, 5);
    const payload = Buffer.from("gone");
    link.sendPacket(connectOf(5, { clientIdentifier: topicName, keepAlive, will: { topicName, payload, qos: 0, retain: false } }));
    await link.packet(2);
    return link;
  }

  test("[B6 broker] of a client that closed its socket, within 50 ms", async () => {
    const will = await watched("will/closed");
    const link = await withWill("will/closed", 60);
    const started = performance.now();
    link.destroy();
    await until(() => will.came() !== undefined);
    expect(will.came()! - started).toBeLessThanOrEqual(statedBar(50));
  });

  test("[B6 broker] of a client that is silent, at 1.5 times its Keep Alive, within 500 ms", async () => {
    const will = await watched("will/silent");
    const started = performance.now();
    const link = await withWill("will/silent", 1);
    await until(() => will.came() !== undefined);
    expect(will.came()! - started).toBeGreaterThanOrEqual(1_000);
    expect(will.came()! - started).toBeLessThanOrEqual(statedBar(2_000));
    link.destroy();
  });
});
