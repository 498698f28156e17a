import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { localServers } from "@bowline/testkit/broker";
import type { Client, ConnectOptions } from "@bowline/client";
import { expect, test } from "vitest";

/* What a reload does to listeners, and that it is one thing at a time. */

const servers = localServers({ memory: true, anonymous: true });

function online(url = "", options: ConnectOptions = {}): Promise<Client> {
  return servers.online(options, url);
}

test("a listener that is gone takes nobody, its connections go on; one that stays keeps its port", async () => {
  const server = await servers.start({ listen: ["mqtt://127.0.0.1:0", "ws://127.0.0.1:0"] });
  const [mqtt = "", ws = ""] = server.listeners;
  const [kept, orphan] = [await online(mqtt), await online(ws)];
  // The first of an address is the one that stays.
  await server.reload(await servers.config({ listen: ["mqtt://127.0.0.1:0"] }));
  expect(server.listeners).toEqual([mqtt]);
  await expect(online(ws)).rejects.toMatchObject({ code: "TCP_REFUSED" });
  await online(mqtt);
  const messages = kept.subscribe("a", { qos: 1 });
  await messages.ready;
  await orphan.publish("a", "from a listener that is gone", { qos: 1 });
  for await (const message of messages) {
    expect(message.text()).toBe("from a listener that is gone");
    break;
  }
});

test("another scheme, path or tenant at an address is spoken from then on, without closing its port", async () => {
  const server = await servers.start({ listen: ["mqtt://127.0.0.1:0"] });
  const [mqtt = ""] = server.listeners;
  const before = await online(mqtt);
  await server.reload(await servers.config({ listen: ["ws://127.0.0.1:0/here"] }));
  const [ws = ""] = server.listeners;
  expect(ws).toBe(`${mqtt.replace("mqtt", "ws")}/here`);
  await online(ws);
  await expect(online(mqtt)).rejects.toMatchObject({ stage: expect.any(String) as string });
  await server.reload(await servers.config({ listen: ["mqtts://127.0.0.1:0"] }));
  await online(server.listeners[0], { tls: { ca: server.localCa?.certificate ?? "" } });
  await before.publish("a", "b", { qos: 1 });
});

test("console and admin listener come and go", async () => {
  const server = await servers.start({ listen: ["mqtt://127.0.0.1:0"] });
  expect([server.consoleOrigin, server.adminOrigin]).toEqual([undefined, undefined]);
  await server.reload(
    await servers.config({
      listen: ["mqtt://127.0.0.1:0"],
      console: "https://localhost:0",
      admin: { listen: "http://127.0.0.1:0" },
    }),
  );
  expect(server.consoleOrigin).toMatch(/^https:\/\/localhost:\d+$/);
  const admin = server.adminOrigin ?? "";
  expect((await fetch(`${admin}/health/ready`)).status).toBe(200);
  await server.reload(await servers.config({ listen: ["mqtt://127.0.0.1:0"] }));
  await expect(fetch(`${admin}/health/ready`)).rejects.toThrow("fetch failed");
});

test("anonymous clients are let in and kept out by a reload", async () => {
  const server = await servers.start({ listen: ["mqtt://127.0.0.1:0"], anonymous: false });
  const [url] = server.listeners;
  await expect(online(url)).rejects.toMatchObject({ code: "NOT_AUTHORIZED" });
  await server.reload(await servers.config({ listen: ["mqtt://127.0.0.1:0"] }));
  await online(url);
});

test("reloads that are asked for at once come one after the other, and the last one is in force", async () => {
  const server = await servers.start({ listen: ["mqtt://127.0.0.1:0"] });
  const [url] = server.listeners;
  const configs = await Promise.all(
    [1, 2, 3, 4].map((n) => servers.config({ listen: ["mqtt://127.0.0.1:0"], limits: { receiveMaximum: n } })),
  );
  const reports = await Promise.all(configs.map((each) => server.reload(each)));
  expect(reports).toEqual(configs.map(() => ({ changed: ["limits"] })));
  expect(server.config.limits.receiveMaximum).toBe(4);
  expect(server.listeners).toEqual([url]);
});

test("closing while a reload is under way ends both", async () => {
  const server = await servers.start({ listen: ["mqtt://127.0.0.1:0"] });
  const next = await servers.config({ listen: ["mqtt://127.0.0.1:0", "mqtts://127.0.0.1:0", "wss://127.0.0.1:0"] });
  const reloading = server.reload(next);
  await server.close();
  await reloading;
  await expect(online(server.listeners[1])).rejects.toMatchObject({ code: "TCP_REFUSED" });
});

test("without a file there is nothing to read anew", async () => {
  const server = await servers.start({ listen: ["mqtt://127.0.0.1:0"] });
  await expect(server.reload()).rejects.toMatchObject({ code: "CONFIG_UNREADABLE" });
});

test.each([
  ["127.0.0.1", "*"],
  ["*", "127.0.0.1"],
  ["localhost", "127.0.0.1"],
  ["127.0.0.1", "0.0.0.0"],
])("a listener moves from %s to %s of its port in one reload, and connections stay", async (from, to) => {
  const server = await servers.start({ listen: [`mqtt://${from}:0`], allowPlaintext: true });
  const port = new URL(server.listeners[0]!.replace("mqtt://*", "http://all")).port;
  const url = `mqtt://127.0.0.1:${port}`;
  const before = await online(url);
  await server.reload(await servers.config({ listen: [`mqtt://${to}:${port}`], allowPlaintext: true }));
  expect(server.listeners).toEqual([`mqtt://${to}:${port}`]);
  await online(url);
  await before.publish("a", "b", { qos: 1 });
  expect([...server.broker.connections()]).toHaveLength(2);
});

test("a move that fails, since another port of the new configuration is taken, leaves the old listener open", async () => {
  const blocker = createServer().listen(0, "127.0.0.1");
  await once(blocker, "listening");
  const taken = (blocker.address() as AddressInfo).port;
  const server = await servers.start({ listen: ["mqtt://127.0.0.1:0"], allowPlaintext: true });
  const [url = ""] = server.listeners;
  const { port } = new URL(url);
  for (const listen of [
    [`mqtt://*:${port}`, `mqtt://127.0.0.1:${taken}`],
    // In the new configuration itself one is in the way of the other.
    [`mqtt://*:${port}`, `mqtt://127.0.0.2:${port}`],
  ]) {
    await expect(server.reload(await servers.config({ listen, allowPlaintext: true }))).rejects.toMatchObject({
      code: "PORT_IN_USE",
    });
    expect(server.listeners).toEqual([url]);
    await online(url);
  }
  blocker.close();
});
