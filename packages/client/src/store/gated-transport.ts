import type { MqttError } from "@bowline/protocol";
import { Fifo } from "@bowline/protocol/internal";
import type { Dialer, Target, Transport, TransportFacts, TransportHandler } from "../transport/transport.ts";

/** What a gate needs of the keeper: how far changes were made, and how far they are kept. */
export interface Commits {
  /** Number of the last group of changes that something must not leave before. */
  readonly needed: number;
  /** Number of the last group that is kept. */
  readonly committed: number;
  gate: Gate | undefined;
  /** Begins to write what was changed, if nothing is being written. */
  start(): void;
}

/** Dials as the given one does, with a gate before the wire. */
export function gatedDialer(dial: Dialer, commits: Commits): Dialer {
  return (target, handler) => new Gate(dial, target, handler, commits);
}

/**
 * Holds the bytes that leave until every change made before them is kept, in their order. So whatever a packet says is on disk
 * before the packet leaves (ADR 0001), a PUBREL and a PUBCOMP no less than a PUBLISH, and the engine need not know.
 * Lifetime: one Network Connection. When the store fails, what is held never leaves and the connection ends with the store's error.
 */
export class Gate implements Transport, TransportHandler {
  handler: TransportHandler;
  private readonly inner: Transport;
  private readonly commits: Commits;
  private readonly held = new Fifo<{ readonly bytes: Uint8Array; readonly needed: number }>();
  private heldBytes = 0;
  private isEnding = false;
  private error: MqttError | undefined;

  constructor(dial: Dialer, target: Target, handler: TransportHandler, commits: Commits) {
    this.handler = handler;
    this.commits = commits;
    commits.gate = this;
    this.inner = dial(target, this);
  }

  get facts(): TransportFacts {
    return this.inner.facts;
  }
  get bufferedBytes(): number {
    return this.inner.bufferedBytes + this.heldBytes;
  }

  write(bytes: Uint8Array): boolean {
    const { commits, held } = this;
    if (this.error !== undefined) return true;
    if (held.length === 0 && commits.needed <= commits.committed) return this.inner.write(bytes);
    held.push({ bytes, needed: commits.needed });
    this.heldBytes += bytes.length;
    commits.start();
    return false;
  }

  end(): void {
    this.isEnding = true;
    if (this.held.length === 0) this.inner.end();
  }
  destroy(): void {
    this.discard();
    this.inner.destroy();
  }
  pause(): void {
    this.inner.pause();
  }
  resume(): void {
    this.inner.resume();
  }

  /** The store kept more. */
  committed(): void {
    const { held, commits } = this;
    if (held.length === 0) return;
    for (let next = held.peek(); next !== undefined && next.needed <= commits.committed; next = held.peek()) {
      held.shift();
      this.heldBytes -= next.bytes.length;
      this.inner.write(next.bytes);
    }
    if (held.length > 0) return;
    if (this.isEnding) this.inner.end();
    else if (this.inner.bufferedBytes === 0) this.handler.drained();
  }

  /** The store failed, and what depends on it has left the Sender, or is about to. */
  failed(error: MqttError): void {
    this.error = error;
    this.destroy();
  }

  opened(): void {
    this.handler.opened();
  }
  data(chunk: Uint8Array): void {
    this.handler.data(chunk);
  }
  drained(): void {
    if (this.held.length === 0) this.handler.drained();
  }
  closed(cause: Error | undefined): void {
    this.discard();
    if (this.commits.gate === this) this.commits.gate = undefined;
    this.handler.closed(this.error ?? cause);
  }

  private discard(): void {
    this.held.clear();
    this.heldBytes = 0;
  }
}
