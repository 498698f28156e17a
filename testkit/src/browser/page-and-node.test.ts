import { type Client, connect } from "@bowline/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BowlineProcess } from "../system/bowline-process.ts";
import { missingPrograms } from "../system/missing-programs.ts";
import type { ChromiumPage } from "./chromium-page.ts";
import { openClientPage, type PageGlobals } from "./client-page.ts";

/** Of each QoS and in each direction. */
const COUNT = 1000;

type Seen = Record<string, number>;
/** What the page's script keeps between two calls from here. */
type PageState = PageGlobals & { received: Promise<Seen> };

const missing = missingPrograms("chromium", "certutil");

describe.skipIf(missing !== "")(`a page in Chromium and a Node process${missing && ` (${missing})`}`, () => {
  let broker: BowlineProcess;
  let chromium: ChromiumPage;
  let node: Client;

  beforeAll(async () => {
    broker = await BowlineProcess.start("--listen", "wss://localhost:0/mqtt", "--no-console");
    chromium = await openClientPage({ trust: [String(await broker.ca())] });
    const session = { clientId: "node", expiryInterval: 3600, cleanStart: false };
    const reconnect = { firstDelayMs: 50, baseDelayMs: 100 };
    node = connect(broker.urls[0]!, {
      credentials: await broker.user(),
      tls: { ca: await broker.ca() },
      session,
      reconnect,
    });
    node.on("attemptFailed", () => {});
  });
  afterAll(async () => {
    await node?.abort();
    await chromium?.close();
    await broker?.remove();
  });

  test("[Must hold 2] exchange 1,000 QoS 1 and 1,000 QoS 2 messages each way over WSS, the broker killed and restarted in the middle", async () => {
    const atNode: Seen = {};
    const subscription = node.subscribe("to/node/#", { qos: 2, maximumMessages: 10_000 });
    await subscription.ready;
    await chromium.page.evaluate(subscribeInPage, { url: broker.urls[0]!, credentials: await broker.user() });

    const publishedAtPage = chromium.page.evaluate(publishInPage, COUNT);
    const publishedAtNode = publishFromNode(node);
    let killed: Promise<void> | undefined;
    for await (const message of subscription) {
      if (message.topicName === "to/node/end") break;
      const text = `${message.topicName} ${message.text()}`;
      atNode[text] = (atNode[text] ?? 0) + 1;
      if (Object.keys(atNode).length === COUNT) killed ??= broker.kill().then(() => broker.startAgain());
    }
    await killed;
    await Promise.all([publishedAtNode, publishedAtPage]);
    const atPage = await chromium.page.evaluate(() => (globalThis as unknown as PageState).received);
    expect(killed).toBeDefined();
    for (const seen of [atNode, atPage]) {
      expect(Object.keys(seen)).toHaveLength(2 * COUNT);
      expect(Object.entries(seen).filter(([text, count]) => text.includes("/2 ") && count > 1)).toEqual([]);
    }
  }, 60_000);

  async function publishFromNode(client: Client): Promise<void> {
    const underway: PromiseLike<unknown>[] = [];
    for (let i = 0; i < COUNT; i++) {
      underway.push(client.publish("to/page/1", String(i), { qos: 1 }), client.publish("to/page/2", String(i), { qos: 2 }));
      // Some at once and not all, so that the broker dies while messages are in every state there is.
      if (i >= 50) await underway[2 * (i - 50)];
    }
    await Promise.all(underway);
    await client.publish("to/page/end", "", { qos: 2 });
  }
});

interface Order {
  url: string;
  credentials: { username: string; password: string };
}

/* The functions from here on run in the page: they may use nothing of this file. */

async function subscribeInPage({ url, credentials }: Order): Promise<void> {
  const scope = globalThis as unknown as PageState;
  const session = { clientId: "page", expiryInterval: 3600, cleanStart: false };
  scope.client = scope.bowline.connect(url, { credentials, session, reconnect: { firstDelayMs: 50, baseDelayMs: 100 } });
  scope.client.on("attemptFailed", () => {});
  const subscription = scope.client.subscribe("to/page/#", { qos: 2, maximumMessages: 10_000 });
  scope.received = (async () => {
    const seen: Seen = {};
    for await (const message of subscription) {
      if (message.topicName === "to/page/end") break;
      const text = `${message.topicName} ${message.text()}`;
      seen[text] = (seen[text] ?? 0) + 1;
    }
    return seen;
  })();
  await subscription.ready;
}

async function publishInPage(count: number): Promise<void> {
  const { client } = globalThis as unknown as PageState;
  const underway: PromiseLike<unknown>[] = [];
  for (let i = 0; i < count; i++) {
    underway.push(client.publish("to/node/1", String(i), { qos: 1 }), client.publish("to/node/2", String(i), { qos: 2 }));
    if (i >= 50) await underway[2 * (i - 50)];
  }
  await Promise.all(underway);
  await client.publish("to/node/end", "", { qos: 2 });
}
