import type { Client } from "@bowline/client";

/** What publishers reported of their numbers, and what arrived of them. */
export class StoredNumbers {
  readonly failures: string[] = [];
  /** Stored, by QoS. */
  readonly stored: Record<1 | 2, Set<number>> = { 1: new Set(), 2: new Set() };
  /** How often each number came, by QoS. */
  readonly arrived: Record<1 | 2, Map<number, number>> = { 1: new Map(), 2: new Map() };
  /** Called with the count of what is stored, whenever that grows. */
  onStored: (count: number) => void = () => undefined;
  private lives = 0;

  get storedCount(): number {
    return this.stored[1].size + this.stored[2].size;
  }

  /**
   * The first number of the next life. Each life has its own million: what a killed one said last may have been lost with it, so
   * nobody knows where it ended.
   */
  nextLife(): number {
    return 1_000_000 * this.lives++ + 1;
  }

  /** One line of a publisher: see publishing-child.ts. */
  read(line: string): void {
    const [word = "", rest = ""] = line.split(" ");
    const number = Number(rest);
    if (word === "1" || word === "2") {
      this.stored[Number(word) as 1 | 2].add(number);
      this.onStored(this.storedCount);
    } else this.failures.push(line);
  }

  /** Counts what arrives; `ended` resolves with the message that is published last. */
  async count(client: Client): Promise<{ ended: Promise<void> }> {
    const subscription = client.subscribe("kept/#", { qos: 2, maximumMessages: 100_000 });
    await subscription.ready;
    const ended = async (): Promise<void> => {
      for await (const message of subscription) {
        if (message.topicName === "kept/end") return;
        const arrived = this.arrived[message.topicName === "kept/1" ? 1 : 2];
        const number = Number(message.text());
        arrived.set(number, (arrived.get(number) ?? 0) + 1);
      }
    };
    return { ended: ended() };
  }

  /** Stored and never arrived, by QoS. */
  missing(qos: 1 | 2): number[] {
    return [...this.stored[qos]].filter((number) => !this.arrived[qos].has(number));
  }

  /** Arrived more than once, by QoS. */
  doubled(qos: 1 | 2): number[] {
    return [...this.arrived[qos]].filter(([, times]) => times > 1).map(([number]) => number);
  }
}
