import { callSafely } from "@bowline/client/internal";
import {
  type ClientConnection,
  Fifo,
  type OutboundEntry,
  OutboundState,
  pushQueue,
  type Sender,
  SessionState,
  shiftQueue,
} from "@bowline/protocol/internal";
import { Identifiers } from "./identifiers.ts";
import type { IMessageIdProvider } from "./message-id-provider.ts";
import type { OutboxOptions } from "./options.ts";
import { OutgoingPublish } from "./outgoing-publish.ts";
import type { Packet } from "./packets.ts";

/** What waits when the application sets no limit. */
const MAXIMUM_BYTES = 268_435_456;

/** A SUBSCRIBE or UNSUBSCRIBE. */
export interface Request {
  /** Its Packet Identifier, where it waits for a connection; 0 for none. */
  promised: number;
  /** As MQTT.js shows it, but for the identifier. */
  readonly packet: Packet;
  send(engine: ClientConnection): void;
  fail(error: Error): void;
}

/**
 * What the application asked for and the server has not answered: messages in flight and in the session's queue, and everything
 * that was asked for without a connection, in the order of the calls.
 */
export class Outbox {
  readonly session: SessionState;
  readonly identifiers: Identifiers;
  private readonly pending = new Fifo<OutgoingPublish | Request>();
  /** Of the messages in `pending`. */
  private pendingBytes = 0;
  private readonly limits: OutboxOptions;
  /** Something did not fit, and since then it was never half empty. */
  private wasFull = false;

  constructor(provider: IMessageIdProvider | undefined, limits: OutboxOptions = {}) {
    this.limits = limits;
    this.identifiers = new Identifiers(provider);
    this.session = Object.assign(new SessionState(), { inFlight: this.identifiers });
    this.session.survives = true;
  }

  /** Nothing is unanswered. */
  get isEmpty(): boolean {
    const { inFlight, queue } = this.session;
    return inFlight.count === this.identifiers.lent.size && queue.length === 0 && this.pending.length === 0;
  }

  /** Topics and payloads of the messages that have not left. */
  get queuedBytes(): number {
    return this.session.queuedBytes + this.pendingBytes;
  }

  /**
   * Whether one more message may wait. One that is larger than the limit may when it is alone, or it could never be sent. With `wait`
   * as much again may wait for room.
   */
  hasRoom({ size }: OutgoingPublish): boolean {
    if (this.isBelow(1, size)) return true;
    this.wasFull = true;
    return this.count === 0 || (this.limits.whenFull === "wait" && this.isBelow(2, size));
  }

  /** True once, when it is half empty after something did not fit. */
  drained(): boolean {
    if (!this.wasFull || !this.isBelow(0.5, 0)) return false;
    this.wasFull = false;
    return true;
  }

  /** Whether a message of that size fits into that multiple of the limits. */
  private isBelow(multiple: number, size: number): boolean {
    const { maximumMessages = Number.POSITIVE_INFINITY, maximumBytes = MAXIMUM_BYTES } = this.limits;
    return this.count < maximumMessages * multiple && this.queuedBytes + size <= maximumBytes * multiple;
  }

  private get count(): number {
    return this.session.queue.length + this.pending.length;
  }

  /** With `drop-oldest`, takes out the oldest message that waits and has not left; undefined when there is none. */
  takeDropped(): OutgoingPublish | undefined {
    if (this.limits.whenFull !== "drop-oldest") return undefined;
    const queued = shiftQueue(this.session) as OutgoingPublish | undefined;
    if (queued !== undefined) return queued;
    const oldest = this.oldestPending();
    if (oldest === undefined) return undefined;
    this.pendingBytes -= oldest.size;
    if (!oldest.isKept) this.identifiers.withdraw(oldest.promised);
    return oldest;
  }

  /** Nearly always the first; SUBSCRIBEs before it stay. */
  private oldestPending(): OutgoingPublish | undefined {
    if (this.pending.peek() instanceof OutgoingPublish) return this.pending.shift() as OutgoingPublish;
    let oldest: OutgoingPublish | undefined;
    this.pending.filter((next) => {
      if (oldest !== undefined || !(next instanceof OutgoingPublish)) return true;
      oldest = next;
      return false;
    });
    return oldest;
  }

  /** Sends a message, or keeps it when there is no open connection. */
  publish(entry: OutgoingPublish, sender: Sender | undefined): void {
    entry.sequence = this.session.nextSequence++;
    if (sender === undefined) {
      this.pending.push(entry);
      this.pendingBytes += entry.size;
    } else sender.enqueue(entry);
    if (entry.qos > 0 && entry.messageId === 0) entry.promised = this.identifiers.promise();
  }

  request(request: Request, engine: ClientConnection | undefined): void {
    if (engine !== undefined) request.send(engine);
    else {
      request.promised = this.identifiers.promise();
      this.pending.push(request);
    }
  }

  /**
   * A connection is open: sends what waited for one, after what an earlier connection left unacknowledged. `refuses` fails what
   * its server does not take.
   */
  opened(engine: ClientConnection, sender: Sender, refuses: (entry: OutgoingPublish) => boolean): void {
    sender.pump();
    for (let next = this.pending.shift(); next !== undefined; next = this.pending.shift()) {
      if (next instanceof OutgoingPublish) {
        this.pendingBytes -= next.size;
        if (!next.isRemoved && !refuses(next)) sender.enqueue(next);
        else if (!next.isKept) this.identifiers.withdraw(next.promised);
        continue;
      }
      this.identifiers.wanted = next.promised;
      next.send(engine);
      this.identifiers.withdraw(next.promised);
    }
  }

  /** What waits for a connection, in the order of the calls. */
  get waiting(): readonly (OutgoingPublish | Request)[] {
    const waiting: (OutgoingPublish | Request)[] = [];
    this.pending.forEach((next) => {
      if (!(next instanceof OutgoingPublish && next.isRemoved)) waiting.push(next);
    });
    return waiting;
  }

  /** Messages with QoS 1 and 2 that are not acknowledged. */
  get unacknowledged(): readonly OutgoingPublish[] {
    const { inFlight, queue } = this.session;
    const entries: OutgoingPublish[] = [];
    inFlight.forEach((_id, _state, entry) => entry !== undefined && entries.push(entry as OutgoingPublish));
    queue.forEach((entry) => entry.qos > 0 && entries.push(entry as OutgoingPublish));
    for (const next of this.waiting) if (next instanceof OutgoingPublish && next.qos > 0) entries.push(next);
    return entries;
  }

  /** Takes back what waits for a connection and is no message with QoS 1 or 2. */
  clearWaiting(): void {
    const given = this.waiting;
    this.pending.clear();
    this.pendingBytes = 0;
    for (const next of given) {
      if (next instanceof OutgoingPublish && next.qos > 0) {
        this.pending.push(next);
        this.pendingBytes += next.size;
      } else this.identifiers.withdraw(next.promised);
    }
  }

  /** Puts messages of a session that the server forgot back into the queue, where their sequence says. */
  sendAnew(entries: readonly OutboundEntry[]): void {
    if (entries.length === 0) return;
    const { session } = this;
    const all = [...entries];
    for (let next = shiftQueue(session); next !== undefined; next = shiftQueue(session)) all.push(next);
    for (const entry of entries) {
      entry.state = OutboundState.Queued;
      entry.packetIdentifier = 0;
      entry.sent = false;
    }
    for (const entry of all.sort((a, b) => a.sequence - b.sequence)) pushQueue(session, entry);
  }

  /** Takes a message back that has not left; of one that has, only the callback, since the server may have it. */
  remove(packetIdentifier: number, error: Error): OutgoingPublish | undefined {
    const entry = this.unacknowledged.find(({ messageId }) => messageId === packetIdentifier);
    if (entry === undefined) return undefined;
    // In the session's queue it is no more than counted; what waits there leaves in its turn.
    entry.isRemoved = true;
    if (!entry.isKept) this.identifiers.withdraw(entry.promised);
    entry.settle(error);
    return entry;
  }

  /**
   * Nobody waits any longer. What a kept session has in flight stays there without its callbacks, to be sent again if the client
   * comes back: the server may have taken it over.
   */
  failAll(error: Error, keepsSession: boolean): void {
    const { session, pending } = this;
    const entries: OutgoingPublish[] = [];
    session.inFlight.forEach((_id, _state, entry) => entry !== undefined && entries.push(entry as OutgoingPublish));
    session.queue.forEach((entry) => entries.push(entry as OutgoingPublish));
    if (!keepsSession) {
      // Their identifiers are free; what a store has of them comes back with the store.
      for (const entry of entries) entry.isKept = false;
      session.clear();
    }
    const calls = entries.sort((a, b) => a.sequence - b.sequence).map((entry) => () => entry.settle(error));
    pending.forEach((next) => {
      this.identifiers.withdraw(next.promised);
      calls.push(() => (next instanceof OutgoingPublish ? next.settle(error) : next.fail(error)));
    });
    pending.clear();
    this.pendingBytes = 0;
    for (const call of calls) callSafely(call, undefined);
  }
}
