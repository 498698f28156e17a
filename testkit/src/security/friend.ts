import { randomUUID } from "node:crypto";
import { setTimeout as pass } from "node:timers/promises";
import { type Client, connect } from "@bowline/client";

/** Often enough to meet any pause that a person would feel. */
const EVERY_MS = 20;

/** What a friend saw while others attacked. */
export interface FriendReport {
  readonly roundTrips: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly worstMs: number;
  /** Everything that an undisturbed client would not see. */
  readonly disturbances: readonly string[];
}

/** A client that does what clients do (a message to itself, again and again) and notices when it is disturbed. */
export class Friend {
  private readonly client: Client;
  private readonly topic: string;
  private readonly latencies: number[] = [];
  private readonly disturbances: string[] = [];
  private readonly done: Promise<void>;
  private isStopping = false;

  private constructor(client: Client, topic: string) {
    this.client = client;
    this.topic = topic;
    client.on("connectionLost", (loss) => this.disturbances.push(`connection lost: ${loss.code}`));
    this.done = this.talk().catch((error: unknown) => void this.disturbances.push(String(error)));
  }

  /** Resolves when it is connected; nobody can know the topic it talks to itself by. */
  static async come(url: string, options: Parameters<typeof connect>[1]): Promise<Friend> {
    const client = connect(url, { reconnect: false, ...options });
    await client.online();
    return new Friend(client, `friend/${randomUUID()}`);
  }

  async leave(): Promise<FriendReport> {
    this.isStopping = true;
    await this.done;
    await this.client.abort();
    const sorted = [...this.latencies].sort((a, b) => a - b);
    const at = (share: number): number => Math.round((sorted[Math.floor(share * (sorted.length - 1))] ?? 0) * 10) / 10;
    const { disturbances } = this;
    return { roundTrips: sorted.length, medianMs: at(0.5), p99Ms: at(0.99), worstMs: at(1), disturbances };
  }

  private async talk(): Promise<void> {
    const messages = this.client.subscribe(this.topic, { qos: 1 });
    await messages.ready;
    const incoming = messages[Symbol.asyncIterator]();
    for (let count = 0; !this.isStopping; count++) {
      const started = performance.now();
      await this.client.publish(this.topic, String(count), { qos: 1 });
      const { value } = await incoming.next();
      this.latencies.push(performance.now() - started);
      const text = (value as { text(): string } | undefined)?.text();
      if (text !== String(count)) this.disturbances.push(`${text} came in place of ${count}`);
      if (text === undefined) return;
      await pass(EVERY_MS);
    }
  }
}
