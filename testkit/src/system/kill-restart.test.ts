import { type Client, connect, type ConnectOptions } from "@bowline/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { seededRandom } from "../virtual/seeded-random.ts";
import { BowlineProcess } from "./bowline-process.ts";

/** Of each QoS and in each direction. */
const COUNT = 1000;
const KILLS = 3;
/** QoS 1 and 2 publications one side has underway: enough that a kill meets every state of a message. */
const WINDOW = 50;
const seed = Number(process.env["BOWLINE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

let broker: BowlineProcess;
let base: ConnectOptions;
const clients: Client[] = [];

beforeAll(async () => {
  broker = await BowlineProcess.start("--listen", "wss://localhost:0/mqtt", "--listen", "mqtts://localhost:0", "--no-console");
  base = { credentials: await broker.user(), tls: { ca: await broker.ca() }, reconnect: { firstDelayMs: 50, baseDelayMs: 100 } };
});
afterAll(async () => {
  for (const client of clients) await client.abort();
  await broker?.remove();
});

/** One end: it publishes to the other's topics, and counts what comes to its own. */
class End {
  readonly client: Client;
  readonly seen = new Map<string, number>();
  readonly complete: Promise<void>;
  readonly subscribed: Promise<unknown>;
  private readonly other: string;

  constructor(url: string, name: string, other: string, onNew: () => void) {
    this.other = other;
    this.client = connect(url, { ...base, session: { clientId: name, expiryInterval: 3600, cleanStart: false } });
    this.client.on("attemptFailed", () => {});
    clients.push(this.client);
    const subscription = this.client.subscribe(`${name}/#`, { qos: 2, maximumMessages: 10_000 });
    this.subscribed = subscription.ready;
    this.complete = (async () => {
      for await (const message of subscription) {
        if (message.topicName === `${name}/end`) return;
        const text = `${message.topicName} ${message.text()}`;
        const times = (this.seen.get(text) ?? 0) + 1;
        this.seen.set(text, times);
        if (times === 1) onNew();
      }
    })();
  }

  async publishAll(): Promise<void> {
    const underway: PromiseLike<unknown>[] = [];
    for (let i = 0; i < COUNT; i++) {
      const at = (qos: 1 | 2): PromiseLike<unknown> => this.client.publish(`${this.other}/${qos}`, String(i), { qos });
      underway.push(at(1), at(2));
      if (i >= WINDOW) await Promise.all(underway.slice(2 * (i - WINDOW), 2 * (i - WINDOW) + 2));
    }
    await Promise.all(underway);
    // The last message: whoever has it has waited for all doubles as well.
    await this.client.publish(`${this.other}/end`, "", { qos: 2 });
  }
}

test(`1,000 QoS 1 and 1,000 QoS 2 messages each way over WSS and TLS survive three SIGKILLs of the broker: none lost, QoS 2 none doubled (BOWLINE_SEED=${seed})`, async () => {
  const [wss, mqtts] = broker.urls as [string, string];
  const random = seededRandom(seed);
  // Moments are counted in messages, so that each falls while messages flow, however fast the machine is.
  const moments = Array.from({ length: KILLS }, () => Math.floor(random() * 4 * COUNT)).sort((a, b) => a - b);
  let arrived = 0;
  let killed = Promise.resolve();
  let fail = (_error: unknown): void => {};
  // A broker that does not come back ends the test with its own words, and not with a time limit.
  const gone = new Promise<never>((_resolve, reject) => (fail = reject));
  const count = (): void => {
    arrived++;
    for (; moments[0] !== undefined && moments[0] < arrived; moments.shift()) {
      killed = killed.then(() => broker.kill()).then(() => broker.startAgain());
      killed.catch(fail);
    }
  };
  const left = new End(wss, "left", "right", count);
  const right = new End(mqtts, "right", "left", count);
  await Promise.all([left.subscribed, right.subscribed]);

  await Promise.race([gone, Promise.all([left.publishAll(), right.publishAll(), left.complete, right.complete])]);
  await killed;
  expect(moments).toEqual([]);
  for (const { seen } of [left, right]) {
    expect(seen.size).toBe(2 * COUNT);
    expect([...seen].filter(([text, times]) => text.includes("/2 ") && times > 1)).toEqual([]);
  }
}, 60_000);
