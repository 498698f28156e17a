import type { KeptMessage } from "../messages/kept-message.ts";

/** How much the retained messages of one tenant may be. */
export interface RetainedLimits {
  /** Retained messages of one tenant. 1,000,000: a topic each for a large fleet, some hundred bytes of memory each beside their own. */
  maximumRetainedMessages: number;
  /** Bytes of their topics, payloads and properties. 256 MiB: they are in memory. */
  maximumRetainedBytes: number;
}

/** Counts the bytes of retained messages, which nothing else bounds: they are there until somebody removes them. */
export class RetainedRoom {
  bytes = 0;

  added(message: KeptMessage): void {
    this.bytes += sizeOf(message);
  }

  removed(message: KeptMessage | undefined): void {
    if (message !== undefined) this.bytes -= sizeOf(message);
  }

  /** Whether one of `size` bytes fits, besides `count` messages or in place of `old`. */
  takes(size: number, count: number, old: KeptMessage | undefined, limits: RetainedLimits): boolean {
    if (old === undefined && count >= limits.maximumRetainedMessages) return false;
    return this.bytes - (old === undefined ? 0 : sizeOf(old)) + size <= limits.maximumRetainedBytes;
  }
}

function sizeOf({ topicName, payload, properties }: KeptMessage): number {
  return topicName.length + payload.length + (properties?.length ?? 0);
}
