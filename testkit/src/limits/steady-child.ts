import { type Client, connect } from "@bowline/client";
import { hear, tell } from "./told-lines.ts";

/*
 * One publisher and some subscribers that read all: node steady-child.js URL SUBSCRIBERS. For each task it is told, it publishes at
 * a steady rate, whatever the broker does, and tells how long the messages took.
 */

export interface SteadyTask {
  /** Messages, each of 1 kB at QoS 1, and how many of them a second. */
  count: number;
  rate: number;
}

export interface SteadyReport {
  acknowledged: number;
  /** At all subscribers together. */
  received: number;
  /** From when a message was due to when a subscriber had it, ms. */
  p50Ms: number;
  p99Ms: number;
}

const TOPIC = "steady";
const STEP_MS = 2;
const QUIET_MS = 10_000;
const [url = "", subscribers = "0"] = process.argv.slice(2);
const padding = "x".repeat(1_000);

let latencies: number[] = [];
let wanted = 0;
let whenAll: () => void = () => undefined;
let quiet: NodeJS.Timeout | undefined;

async function subscriber(): Promise<Client> {
  const client = connect(url, {});
  await client.online();
  const subscription = client.subscribe(TOPIC, { qos: 1, maximumMessages: 100_000 });
  await subscription.ready;
  void (async () => {
    for await (const message of subscription) {
      latencies.push(performance.now() - Number.parseFloat(message.text()));
      quiet?.refresh();
      if (latencies.length === wanted) whenAll();
    }
  })();
  return client;
}

async function publishAll(publisher: Client, { count, rate }: SteadyTask): Promise<number> {
  const startedAt = performance.now();
  const underway: PromiseLike<unknown>[] = [];
  let refused = 0;
  while (underway.length < count) {
    const due = Math.min(count, ((performance.now() - startedAt) / 1_000) * rate);
    while (underway.length < due) {
      const dueAt = startedAt + (underway.length / rate) * 1_000;
      const published = publisher.publish(TOPIC, `${dueAt} ${padding}`, { qos: 1 });
      underway.push(published.then(undefined, () => refused++));
    }
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
  await Promise.all(underway);
  return count - refused;
}

async function run(publisher: Client, task: SteadyTask): Promise<SteadyReport> {
  latencies = [];
  wanted = task.count * Number(subscribers);
  const all = new Promise<void>((resolve) => (whenAll = resolve));
  const acknowledged = await publishAll(publisher, task);
  // What has not come after so long a silence was dropped, and the report shows it.
  quiet = setTimeout(whenAll, QUIET_MS);
  if (latencies.length < wanted) await all;
  clearTimeout(quiet);
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor(share * (latencies.length - 1))] ?? 0;
  return { acknowledged, received: latencies.length, p50Ms: at(0.5), p99Ms: at(0.99) };
}

const publisher = connect(url, {});
await publisher.online();
const readers = await Promise.all(Array.from({ length: Number(subscribers) }, subscriber));
tell("ready");
const next = hear<SteadyTask>();
for (let task = await next(); task !== undefined; task = await next()) tell(await run(publisher, task));
await Promise.all([publisher, ...readers].map((client) => client.abort()));
