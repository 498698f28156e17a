import type { QoS } from "@bowline/protocol";
import {
  type Clock,
  fillFromMessage,
  fillFromOffsets,
  type OutboundEntry,
  OutboundState,
  ownBytes,
  type PublishOffsets,
  PublishSource,
  pushQueue,
  withoutRewritten,
} from "@bowline/protocol/internal";
import type { Journal } from "../messages/journal.ts";
import { KeptMessage } from "../messages/kept-message.ts";
import type { Counters } from "../metrics/counters.ts";
import type { Session } from "../sessions/session.ts";
import type { SessionConnection } from "../sessions/session-connection.ts";
import type { Route, Target } from "./route.ts";

export interface DeliveryLimits {
  /** Messages queued for one Session. 100,000: what a minute's pause costs at a busy device, bounded by the bytes below. */
  maximumQueuedMessages: number;
  /** Bytes of topic, payload and properties queued for one Session. 32 MiB. */
  maximumQueuedBytes: number;
  /** Bytes a connection's transport may hold before QoS 0 messages to it are dropped. 16 MiB. */
  maximumBufferedBytes: number;
}

/**
 * One message on its way to its receivers. Owns the choice between the three ways: copied at once from the received chunk
 * (nothing need be remembered), sent with an identifier only, or kept as a message and queued. Reused for every message; a
 * delivery is synchronous and never nested.
 */
export class Delivery {
  /** The commit number that the publisher's acknowledgement waits for; 0 for none. */
  commit = 0;
  private readonly journal: Journal;
  private readonly counters: Counters;
  private readonly clock: Clock;
  private readonly limits: DeliveryLimits;
  private readonly source: PublishSource = new PublishSource();
  private route!: Route;
  private chunk: Uint8Array | undefined;
  private offsets: PublishOffsets | undefined;
  private message: KeptMessage | undefined;
  private publisher = "";
  private qos: QoS = 0;
  private retain = false;
  /** Nothing leaves before this commit number is kept: set for QoS 2 from a Session that survives (ADR 0001). */
  private after = 0;

  constructor(journal: Journal, counters: Counters, clock: Clock, limits: DeliveryLimits) {
    this.journal = journal;
    this.counters = counters;
    this.clock = clock;
    this.limits = limits;
  }

  /** Begins with a received PUBLISH. */
  fromChunk(route: Route, chunk: Uint8Array, offsets: PublishOffsets, publisher: string, after: number): void {
    // Storing an object costs a write barrier, and mostly it is the one that is there.
    if (this.route !== route) this.route = route;
    if (this.chunk !== chunk) this.chunk = chunk;
    if (this.offsets !== offsets) this.offsets = offsets;
    this.message = undefined;
    if (this.publisher !== publisher) this.publisher = publisher;
    this.qos = offsets.qos;
    this.retain = offsets.retain;
    this.after = after;
    this.commit = after;
    fillFromOffsets(this.source, chunk, offsets);
    if (offsets.needsRewrite) {
      const properties = withoutRewritten(chunk, offsets);
      this.source.properties.set(properties, 0, properties.length);
      this.source.messageExpiryInterval = offsets.messageExpiryInterval;
    }
  }

  /** Begins with a kept message: a will, a message of the broker or of its API. */
  fromMessage(route: Route, message: KeptMessage, retain: boolean): void {
    this.route = route;
    this.chunk = undefined;
    this.offsets = undefined;
    this.message = message;
    this.qos = message.qos;
    this.retain = retain;
    this.after = 0;
    this.commit = 0;
    fillFromMessage(this.source, message, this.clock);
  }

  /** Forgets the message. The chunk stays referred to, unread, until the next delivery. */
  end(): void {
    this.message = undefined;
  }

  /** Delivers to one receiver. */
  to(target: Target): void {
    const qos = this.qos < target.qos ? this.qos : target.qos;
    const retain = this.retain && target.retainAsPublished;
    this.toSession(target.session, qos, retain, target.subscriptionIdentifiers);
  }

  /** The message as an object that outlives the chunk; made once. */
  keep(): KeptMessage {
    return (this.message ??= this.copyOut());
  }

  /** Delivers a kept message to one Session with that Subscription: retained messages after a SUBSCRIBE. */
  keptTo(session: Session, message: KeptMessage, qos: QoS, retain: boolean, subscriptionIdentifiers: readonly number[]): void {
    this.message = message;
    this.after = 0;
    fillFromMessage(this.source, message, this.clock);
    this.toSession(session, qos, retain, subscriptionIdentifiers);
    this.message = undefined;
  }

  private toSession(session: Session, qos: QoS, retain: boolean, subscriptionIdentifiers: readonly number[]): void {
    const connection = session.online;
    if (qos === 0 && this.after === 0) {
      if (connection !== undefined) this.atMostOnce(connection, retain, subscriptionIdentifiers);
    } else if (session.isPersistent && qos > 0) this.toPersistent(session, connection, qos, retain, subscriptionIdentifiers);
    else if (connection !== undefined) this.toTransient(session, connection, qos, retain, subscriptionIdentifiers);
  }

  private atMostOnce(connection: SessionConnection, retain: boolean, subscriptionIdentifiers: readonly number[]): void {
    if (connection.holdsMoreThan(this.limits.maximumBufferedBytes)) {
      this.counters.droppedSlow++;
      connection.dropped++;
      return;
    }
    this.source.subscriptionIdentifiers = subscriptionIdentifiers;
    if (connection.sender.publishAtMostOnce(this.source, retain)) this.counters.messagesSent++;
    else this.counters.droppedTooLarge++;
  }

  private toTransient(session: Session, connection: SessionConnection, qos: QoS, retain: boolean, ids: readonly number[]): void {
    const { sender } = connection;
    if (this.after === 0 && sender.ready) {
      this.source.subscriptionIdentifiers = ids;
      if (sender.publishTransient(this.source, qos, retain)) this.counters.messagesSent++;
      else this.counters.droppedTooLarge++;
      return;
    }
    if (this.refusesQueue(session)) return;
    const entry = this.entry(session, qos, retain, ids);
    entry.commit = this.after;
    sender.enqueue(entry);
  }

  private toPersistent(
    session: Session,
    connection: SessionConnection | undefined,
    qos: QoS,
    retain: boolean,
    ids: readonly number[],
  ): void {
    if (this.refusesQueue(session)) return;
    const message = this.keep();
    this.waitFor(this.journal.store(session.tenant, message));
    const entry = this.entry(session, qos, retain, ids);
    if (connection?.sender.ready === true) connection.sender.enqueue(entry);
    else {
      entry.commit = this.journal.entryMoved(session, entry);
      pushQueue(session.state, entry);
    }
    this.waitFor(entry.commit);
  }

  private waitFor(commit: number): void {
    if (commit > this.commit) this.commit = commit;
  }

  private refusesQueue(session: Session): boolean {
    const { state } = session;
    if (state.queue.length < this.limits.maximumQueuedMessages && state.queuedBytes < this.limits.maximumQueuedBytes) return false;
    this.counters.droppedQueueFull++;
    if (session.connection !== undefined) session.connection.dropped++;
    return true;
  }

  private entry(session: Session, qos: QoS, retain: boolean, subscriptionIdentifiers: readonly number[]): OutboundEntry {
    const message = this.keep();
    message.references++;
    return {
      sequence: session.state.nextSequence++,
      message,
      qos,
      retain,
      subscriptionIdentifiers,
      state: OutboundState.Queued,
      packetIdentifier: 0,
      sent: false,
      commit: 0,
      tag: message,
    };
  }

  private copyOut(): KeptMessage {
    const chunk = this.chunk!;
    const offsets = this.offsets!;
    const payload = ownBytes(chunk, offsets.payloadStart, offsets.payloadEnd);
    const { properties } = this.source;
    const kept = properties.start === properties.end ? undefined : ownBytes(properties.source, properties.start, properties.end);
    const { messageExpiryInterval: interval } = offsets;
    const expiresAt = interval < 0 ? 0 : this.clock.wallTime() + interval * 1000;
    return new KeptMessage(this.route.topic, payload, kept, expiresAt, this.qos, this.publisher);
  }
}
