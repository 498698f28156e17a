import { type Client, connect } from "@bowline/client";

/** Each so many writes of a topic remove its retained message. */
const REMOVED_EACH = 5;
const TOPICS = 4;

/** One client that sets and removes retained messages, and what a broker may say of them afterwards. */
export class RetainedTruth {
  failed = 0;
  private readonly client: Client;
  /** By topic: how many writes were sent, and which was acknowledged last. */
  private readonly topics = Array.from({ length: TOPICS }, () => ({ sent: 0, acknowledged: 0 }));
  private isStopped = false;
  private readonly loops: Promise<void>[] = [];

  constructor(url: string) {
    this.client = quickClient(url, { clientId: "retaining", expiryInterval: 3_600 });
  }

  start(): void {
    this.loops.push(...this.topics.map((_topic, index) => this.write(index)));
  }

  /** Resolves when everything is acknowledged. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await Promise.all(this.loops);
  }

  async close(): Promise<void> {
    await this.client.abort();
  }

  /** What is wrong with the retained messages that somebody new gets, by what was acknowledged before this was called. */
  async faults(url: string): Promise<string[]> {
    const least = this.topics.map(({ acknowledged }) => acknowledged);
    const found = await retainedAt(url);
    return this.topics.flatMap(({ sent }, index) => {
      const write = found.get(`retained/${index}`);
      const from = least[index]!;
      const wrong = `retained/${index}: ${write ?? "none"}, of the writes ${from} (acknowledged) to ${sent}`;
      if (write !== undefined) return write >= from && write <= sent && !isRemoval(write) ? [] : [wrong];
      const mayBeNone = Array.from({ length: sent - from + 1 }, (_, at) => from + at).some(isRemoval);
      return mayBeNone ? [] : [wrong];
    });
  }

  private async write(index: number): Promise<void> {
    const topic = this.topics[index]!;
    while (!this.isStopped) {
      const number = ++topic.sent;
      const payload = isRemoval(number) ? "" : String(number);
      // oxlint-disable-next-line no-await-in-loop -- The order of writes is the point.
      await this.client.publish(`retained/${index}`, payload, { qos: number % 2 === 0 ? 1 : 2, retain: true }).then(
        () => (topic.acknowledged = number),
        () => this.failed++,
      );
    }
  }
}

/** Nothing is retained before the first write either. */
function isRemoval(write: number): boolean {
  return write % REMOVED_EACH === 0;
}

async function retainedAt(url: string): Promise<Map<string, number>> {
  const client = quickClient(url, { expiryInterval: 0 });
  const found = new Map<string, number>();
  const subscription = client.subscribe(["retained/+", "retained-end"], { qos: 1 });
  await subscription.ready;
  // Behind all that it got for its subscription.
  const end = client.publish("retained-end", "", { qos: 1 });
  for await (const message of subscription) {
    if (message.topicName === "retained-end") break;
    if (message.retain) found.set(message.topicName, Number(message.text()));
  }
  await end;
  await client.close();
  return found;
}

/** A client that is back soon after each kill. */
function quickClient(url: string, session: { clientId?: string; expiryInterval: number }): Client {
  const client = connect(url, { session, reconnect: { firstDelayMs: 20, baseDelayMs: 20, maximumDelayMs: 20 } });
  client.on("attemptFailed", () => undefined);
  return client;
}
