import type { Message } from "@bowline/client";

/** A message as the log keeps it. */
export interface LoggedMessage {
  /** Number of the message since the page was opened, from 1. */
  readonly number: number;
  /** Wall time in ms of its arrival. */
  readonly at: number;
  readonly topicName: string;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  readonly dup: boolean;
  /** The first bytes of the payload, a copy. */
  readonly head: Uint8Array;
  readonly payloadSize: number;
}

/** What a view of messages can be read at; the rest of a large payload is of no use in a page and costs its memory. */
export const HEAD_BYTES_MAX = 4_096;
/** Rows that a browser lays out anew in a few milliseconds. */
export const MESSAGES_MAX = 200;

/** The latest messages, newest first. It never grows beyond its limits, and counts all that came and all it let go of. */
export class MessageLog {
  /** Messages that came since the page was opened or the log was cleared. */
  received = 0;
  receivedBytes = 0;
  isPaused = false;
  /** Of those, the ones that came while the view was paused. */
  missedInPause = 0;
  #number = 0;
  #messages: readonly LoggedMessage[] = [];

  get messages(): readonly LoggedMessage[] {
    return this.#messages;
  }

  /** Messages that came and are not in view: older than the newest, or missed in a pause. */
  get notShown(): number {
    return this.received - this.#messages.length;
  }

  add({ topicName, qos, retain, dup, payload }: Message, at: number): void {
    this.received++;
    this.receivedBytes += payload.length;
    this.#number++;
    if (this.isPaused) {
      this.missedInPause++;
      return;
    }
    const head = payload.slice(0, HEAD_BYTES_MAX);
    const logged = { number: this.#number, at, topicName, qos, retain, dup, head, payloadSize: payload.length };
    this.#messages = [logged, ...this.#messages.slice(0, MESSAGES_MAX - 1)];
  }

  clear(): void {
    this.#messages = [];
    this.received = 0;
    this.receivedBytes = 0;
    this.missedInPause = 0;
  }
}
