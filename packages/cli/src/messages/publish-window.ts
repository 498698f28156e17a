import type { Client, PublishOptions } from "@bowline/client";

/**
 * Messages on their way at once when they are read faster than the broker takes them. Brokers let a subscriber have some 1,000
 * unacknowledged: with as many here a subscriber beside us would fall behind, and lose messages once its queue is full.
 */
const MESSAGES_MAX = 500;
const BYTES_MAX = 4_194_304;
/** Of QoS 0, which nobody acknowledges: what the transport may hold. */
const BUFFERED_MAX = 262_144;
const DRAIN_LOOK_MS = 2;

/** What became of a message, for whoever prints records. */
export type PublishedListener = (topicName: string, reasonCode: number) => void;

/**
 * Publishes without waiting for each message, and without letting more of them gather than have room: on a slow link messages would
 * otherwise go one per round trip, or fill the memory.
 */
export class PublishWindow {
  /** Taken by the client. */
  sent = 0;
  /** Acknowledged, or with QoS 0 handed to the transport. */
  done = 0;
  private bytes = 0;
  private failure: { error: unknown } | undefined;
  private wake: (() => void) | undefined;
  private readonly client: Client;
  private readonly onPublished: PublishedListener | undefined;

  constructor(client: Client, onPublished?: PublishedListener) {
    this.client = client;
    this.onPublished = onPublished;
  }

  /** A promise when the next message has to wait. Rejects with the first failure of an earlier one. */
  publish(topicName: string, payload: Uint8Array, options: PublishOptions): Promise<void> | undefined {
    const { client } = this;
    const size = topicName.length + payload.length;
    this.sent++;
    const publication = client.publish(topicName, payload, options);
    if (options.qos === 0 && this.onPublished === undefined) {
      this.done++;
      if (client.bufferedAmount < BUFFERED_MAX) return undefined;
      // Those before it have left by then.
      return Promise.resolve(publication).then(() => undefined);
    }
    this.bytes += size;
    publication.then(
      ({ reasonCode }) => {
        this.settled(size);
        this.onPublished?.(topicName, reasonCode);
      },
      (error: unknown) => {
        this.failure ??= { error };
        this.settled(size);
      },
    );
    return this.hasRoom() ? undefined : this.room(() => this.hasRoom());
  }

  /** Resolves when every message is acknowledged, or has left this process. Rejects with the first failure. */
  async settle(): Promise<void> {
    await this.room(() => this.done === this.sent);
    const { client } = this;
    // Nobody tells when the system has taken the last byte, and what it has not taken would go down with us.
    while (client.bufferedAmount > 0 && client.status.state === "online")
      await new Promise((resolve) => setTimeout(resolve, DRAIN_LOOK_MS));
    if (client.bufferedAmount > 0) await client.online();
  }

  private settled(size: number): void {
    this.done++;
    this.bytes -= size;
    this.wake?.();
  }

  private hasRoom(): boolean {
    return this.failure === undefined && this.sent - this.done < MESSAGES_MAX && this.bytes < BYTES_MAX;
  }

  private async room(isThere: () => boolean): Promise<void> {
    while (this.failure === undefined && !isThere()) {
      // oxlint-disable-next-line no-await-in-loop -- Until one more is settled.
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    this.wake = undefined;
    if (this.failure !== undefined) throw this.failure.error;
  }
}
