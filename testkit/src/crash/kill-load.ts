import { type ChaosClient, bowlineClient } from "../chaos/chaos-clients.ts";

/** QoS 1 and 2 publications that one publisher has underway: enough that a kill meets every state of a message. */
const WINDOW = 20;
/** A receiver to which nothing has come for so long gets no more. */
const QUIET_MS = 15_000;

/** What came to one receiver: a subscriber, or the members of a shared subscription together. */
export class Receiver {
  private readonly times = new Map<string, number>();
  private onAny: (text: string) => void = () => undefined;

  readonly take = (text: string): void => {
    const times = (this.times.get(text) ?? 0) + 1;
    this.times.set(text, times);
    this.onAny(text);
  };

  /** Those that have not come: asked when all have, or when nothing has come for long. */
  async missing(wanted: readonly string[]): Promise<string[]> {
    const missing = new Set(wanted.filter((text) => !this.times.has(text)));
    await new Promise<void>((resolve) => {
      const quiet = setTimeout(resolve, QUIET_MS);
      this.onAny = (text) => {
        missing.delete(text);
        quiet.refresh();
        if (missing.size > 0) return;
        clearTimeout(quiet);
        resolve();
      };
      this.onAny("");
    });
    this.onAny = () => undefined;
    return [...missing];
  }

  /** Those of QoS 2 that came more than once. */
  doubled(): string[] {
    return [...this.times].filter(([text, times]) => text.includes("QoS 2") && times > 1).map(([text]) => text);
  }
}

/** A client that publishes numbers of both QoS until it is told to stop, and again whenever one is acknowledged. */
export class NumberPublisher {
  /** Each text that was published; nothing fails, so each must arrive. */
  readonly published: string[] = [];
  failed = 0;
  acknowledged = 0;
  /** Called with each text that is acknowledged. */
  onAcknowledged: (text: string) => void = () => undefined;
  private readonly client: ChaosClient;
  private readonly name: string;
  private readonly topic: string;
  private isStopped = false;
  private open = 0;
  private whenIdle: () => void = () => undefined;
  private whenAcknowledged: () => void = () => undefined;

  constructor(url: string, topic: string, name: string, version: 4 | 5) {
    this.topic = topic;
    this.name = name;
    this.client = bowlineClient({ url, clientId: name, version, onMessage: () => undefined });
  }

  start(): void {
    for (let place = 0; place < WINDOW; place++) for (const qos of [1, 2] as const) this.publish(qos);
  }

  /** Resolves when so many more are acknowledged. */
  async more(count: number): Promise<void> {
    const target = this.acknowledged + count;
    await new Promise<void>((resolve) => {
      this.whenAcknowledged = () => {
        if (this.acknowledged >= target) resolve();
      };
    });
  }

  /** Publishes no more; resolves when everything is acknowledged. */
  async stop(): Promise<void> {
    this.isStopped = true;
    if (this.open > 0) await new Promise<void>((resolve) => (this.whenIdle = resolve));
  }

  /** Also in the middle: what is underway then fails. */
  async close(): Promise<void> {
    this.isStopped = true;
    await this.client.close();
  }

  private publish(qos: 1 | 2): void {
    const text = `${this.name} QoS ${qos} ${this.published.length}`;
    this.published.push(text);
    this.open++;
    this.client.publish(this.topic, text, qos, (isAcknowledged) => {
      this.open--;
      if (isAcknowledged) this.acknowledged++;
      else this.failed++;
      if (isAcknowledged) this.onAcknowledged(text);
      this.whenAcknowledged();
      if (!this.isStopped) this.publish(qos);
      else if (this.open === 0) this.whenIdle();
    });
  }
}
