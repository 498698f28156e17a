/// <reference lib="esnext.disposable" preserve="true" />
import type { QoS } from "@bowline/protocol";
import type { Message } from "./message.ts";

/**
 * One call of `subscribe`: messages of its filters, each once, in order. Iterate it, or give `subscribe` a handler.
 * Leaving a loop ends it; the filter is given up at the server when its last user ended.
 *
 * @public
 */
export interface Subscription extends AsyncIterableIterator<Message, undefined, undefined> {
  readonly topicFilters: readonly string[];
  /**
   * The QoS the server granted, one for each filter. Rejects with SUB_DENIED and the like when it refused one, and when the
   * subscription or the client ends before it answers.
   */
  readonly ready: Promise<readonly QoS[]>;
  /** QoS 0 messages that found the buffer full. */
  readonly dropped: number;
  /** Ends it; resolves when the server confirmed, at once when it is not connected. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
