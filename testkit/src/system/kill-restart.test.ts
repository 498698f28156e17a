import { type Client, connect, type ConnectOptions } from "@bowline/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BowlineProcess } from "./bowline-process.ts";

/** Of each QoS; the broker dies when about half of them are on their way. */
const COUNT = 1000;

let broker: BowlineProcess;
let base: ConnectOptions;
const clients: Client[] = [];

beforeAll(async () => {
  broker = await BowlineProcess.start("--listen", "wss://localhost:0/mqtt", "--listen", "mqtts://localhost:0", "--no-console");
  base = { credentials: await broker.user(), tls: { ca: await broker.ca() }, reconnect: { firstDelayMs: 50, baseDelayMs: 100 } };
});
afterAll(async () => {
  for (const client of clients) client.abort();
  await broker.remove();
});

function client(url: string, clientId: string): Client {
  const one = connect(url, { ...base, session: { clientId, expiryInterval: 3600, cleanStart: false } });
  clients.push(one);
  return one;
}

test("1,000 QoS 1 and 1,000 QoS 2 messages survive SIGKILL of the broker: none lost, QoS 2 none doubled", async () => {
  const [wss, mqtts] = broker.urls as [string, string];
  const receiver = client(mqtts, "receiver");
  const sender = client(wss, "sender");
  const seen = new Map<string, number>();
  const subscription = receiver.subscribe("kill/#", { qos: 2, maximumMessages: 10_000 });
  await subscription.ready;
  const complete = (async () => {
    for await (const message of subscription) {
      const text = `${message.topicName} ${message.text()}`;
      seen.set(text, (seen.get(text) ?? 0) + 1);
      if (seen.size === 2 * COUNT) return;
    }
  })();
  await sender.online();

  let killed: Promise<void> | undefined;
  const publications: PromiseLike<unknown>[] = [];
  for (let i = 0; i < COUNT; i++) {
    publications.push(sender.publish("kill/1", String(i), { qos: 1 }), sender.publish("kill/2", String(i), { qos: 2 }));
    if (i % 50 === 49) await Promise.race(publications.slice(-2));
    if (i === COUNT / 2) killed = broker.kill().then(() => broker.startAgain());
  }
  await killed;
  await Promise.all(publications);
  await complete;
  const doubled = [...seen].filter(([text, count]) => text.startsWith("kill/2") && count > 1);
  expect(seen.size).toBe(2 * COUNT);
  expect(doubled).toEqual([]);
}, 60_000);
