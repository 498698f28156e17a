import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig, type Server, silentLogger, startServer } from "@bowline/broker/internal";
import { type Client, connect, type ConnectOptions, type Message } from "@bowline/client";
import { afterEach, beforeEach, expect, test } from "vitest";

/* Who sent a message, as its receivers are told by the broker. */

let folder = "";
let server: Server;
const clients = new Set<Client>();
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bowline-stamp-"));
  const overrides = { console: false as const, listen: ["mqtt://127.0.0.1:0"], metrics: { sysInterval: 0 } };
  const config = await loadConfig({
    directory: folder,
    overrides: { ...overrides, data: "data", senderStamp: true, anonymous: true },
  });
  server = await startServer({ config, logger: silentLogger, version: "1" });
  for (const name of ["ann", "bob"]) await server.users.add("default", name, `secret of ${name}`);
});
afterEach(async () => {
  for (const each of clients) void each.abort();
  clients.clear();
  await server.close();
  await rm(folder, { recursive: true });
});

async function online(username: string | undefined, options: ConnectOptions = {}): Promise<Client> {
  const credentials = username === undefined ? {} : { credentials: { username, password: `secret of ${username}` } };
  const made = connect(server.listeners[0] ?? "", { reconnect: false, ...credentials, ...options });
  clients.add(made);
  await made.online();
  return made;
}

const own = {
  userProperties: [["bowline-principal", "root"] as const, ["kept", "1"] as const, ["bowline-principal", ""] as const],
};

async function receive(topic: string): Promise<() => Promise<Message>> {
  const receiver = await online("bob");
  const subscription = receiver.subscribe(topic, { qos: 2 });
  await subscription.ready;
  return async () => (await subscription.next()).value!;
}

test.each([0, 1, 2] as const)("at QoS %i a message carries its sender, and what the sender wrote itself is gone", async (qos) => {
  const next = await receive("a");
  const sender = await online("ann");
  await sender.publish("a", "plain", { qos });
  await sender.publish("a", "forged", { qos, ...own });
  expect((await next()).properties.userProperties).toEqual([["bowline-principal", "ann"]]);
  const forged = await next();
  expect(forged.text()).toBe("forged");
  expect(forged.properties.userProperties).toEqual([
    ["kept", "1"],
    ["bowline-principal", "ann"],
  ]);
});

test("many messages of one write each carry it", async () => {
  const next = await receive("a");
  const sender = await online("ann");
  for (let i = 0; i < 50; i++) void sender.publish("a", String(i).padStart(2, "0"));
  for (let i = 0; i < 50; i++) {
    const message = await next();
    expect([message.text(), message.properties.userProperties]).toEqual([
      String(i).padStart(2, "0"),
      [["bowline-principal", "ann"]],
    ]);
  }
});

test("a client of 3.1.1 is named too, and gets its messages as before", async () => {
  const next = await receive("a");
  const sender = await online("ann", { protocolVersion: 4 });
  const subscription = sender.subscribe("a", { qos: 1 });
  await subscription.ready;
  await sender.publish("a", "x", { qos: 1 });
  expect((await next()).properties.userProperties).toEqual([["bowline-principal", "ann"]]);
  expect((await subscription.next()).value?.text()).toBe("x");
});

test("retained messages and wills carry it; nobody without a name does, nor can pretend to", async () => {
  const sender = await online("ann", { will: { topicName: "will", payload: "gone", ...own } });
  await sender.publish("kept", "x", { qos: 1, retain: true, ...own });
  const next = await receive("#");
  expect((await next()).properties.userProperties).toEqual([
    ["kept", "1"],
    ["bowline-principal", "ann"],
  ]);
  await sender.abort();
  const will = await next();
  expect(will.topicName).toBe("will");
  expect(will.properties.userProperties).toEqual([
    ["kept", "1"],
    ["bowline-principal", "ann"],
  ]);
  const nobody = await online(undefined);
  await nobody.publish("a", "x", { qos: 1, ...own });
  expect((await next()).properties.userProperties).toEqual([["kept", "1"]]);
});
