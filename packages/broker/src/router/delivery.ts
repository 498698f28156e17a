import { MqttError, type QoS } from "@bowline/protocol";
import {
  type Clock,
  fillFromMessage,
  fillFromOffsets,
  type OutboundEntry,
  OutboundState,
  bytes,
  ownBytes,
  type PublishOffsets,
  PublishSource,
  pushQueue,
  ReasonCode,
  shiftQueue,
  withoutRewritten,
} from "@bowline/protocol/internal";
import type { Journal } from "../messages/journal.ts";
import type { KeptEntry } from "../messages/kept-entry.ts";
import { KeptMessage } from "../messages/kept-message.ts";
import type { Counters } from "../metrics/counters.ts";
import type { DropLedger } from "../metrics/drop-ledger.ts";
import type { Session, Subscription } from "../sessions/session.ts";
import type { SessionConnection } from "../sessions/session-connection.ts";
import { takeOut } from "../sessions/take-out.ts";
import type { Route, Target } from "./route.ts";
import { stamped } from "./sender-stamp.ts";

/** What becomes of a QoS 1 or 2 message for a Session whose queue is full. */
export type QueuePolicy = "dropNew" | "dropOldest" | "disconnect" | "reliable";

export interface DeliveryLimits {
  /**
   * `dropNew`, which keeps what was acknowledged longest ago; `dropOldest`, for those who want the present; `disconnect` drops it and ends
   * the receiver's connection with 0x97; `reliable` refuses it to its publisher with 0x97, so that nobody gets it.
   */
  queueFull: QueuePolicy;
  /** Messages queued for one Session. 100,000: what a minute's pause costs at a busy device, bounded by the bytes below. */
  maximumQueuedMessages: number;
  /** Bytes of topic, payload and properties queued for one Session. 16 MiB. */
  maximumQueuedBytes: number;
  /** Bytes a connection's transport may hold before QoS 0 messages to it are dropped. 16 MiB. */
  maximumBufferedBytes: number;
}

/** What a delivery needs of its router. */
export interface DeliveryOptions {
  readonly journal: Journal;
  readonly counters: Counters;
  readonly drops: DropLedger;
  readonly clock: Clock;
  readonly limits: DeliveryLimits;
}

/**
 * One message on its way to its receivers. Owns the choice between the three ways: copied at once from the received chunk
 * (nothing need be remembered), sent with an identifier only, or kept as a message and queued. Reused for every message; a
 * delivery is synchronous and never nested.
 */
export class Delivery {
  /** The commit number that the publisher's acknowledgement waits for; 0 for none. */
  commit = 0;
  /** What the messages of a publisher carry beside their own properties; undefined for nothing. */
  stamp: Uint8Array | undefined = undefined;
  private readonly journal: Journal;
  private readonly counters: Counters;
  private readonly drops: DropLedger;
  private readonly clock: Clock;
  private limits: DeliveryLimits;
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
  /** The shared subscription by which the receiver gets it; undefined for its own. */
  private group: string | undefined = undefined;
  /** Connections whose end is due in the next turn: none may end while a message is on its way to all. */
  private readonly ending = new Set<SessionConnection>();

  constructor({ journal, counters, drops, clock, limits }: DeliveryOptions) {
    this.journal = journal;
    this.counters = counters;
    this.drops = drops;
    this.clock = clock;
    this.limits = limits;
  }

  /** From the next message on. */
  limitsChanged(limits: DeliveryLimits): void {
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
      const own = withoutRewritten(chunk, offsets);
      const properties = this.stamp === undefined ? own : stamped(own, this.stamp);
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

  /** As published, before any Subscription lowers it. */
  get publishedQoS(): QoS {
    return this.qos;
  }

  /** Delivers to one receiver. */
  to(target: Target): void {
    const qos = this.qos < target.qos ? this.qos : target.qos;
    const retain = this.retain && target.retainAsPublished;
    this.toSession(target.session, qos, retain, target.subscriptionIdentifiers);
  }

  /** Delivers to the member of a shared subscription whose turn it is ([MQTT-4.8.2-3]: with the QoS it was granted). */
  toMember(member: Subscription, group: string): void {
    const qos = this.qos < member.qos ? this.qos : member.qos;
    this.group = group;
    this.toSession(member.session, qos, this.retain && member.retainAsPublished, identifiersOf(member));
    this.group = undefined;
  }

  /** Whether the queue of a Session takes one more. */
  hasRoom({ state }: Session): boolean {
    return state.queue.length < this.limits.maximumQueuedMessages && state.queuedBytes < this.limits.maximumQueuedBytes;
  }

  /**
   * Whether a client whose transport is congested gets no QoS 0 message now: its transport is full, or so is its queue. QoS 0 goes first,
   * since it may be lost and takes the place of what may not.
   */
  isBehind(session: Session, connection: SessionConnection): boolean {
    return connection.holdsMoreThan(this.limits.maximumBufferedBytes) || !this.hasRoom(session);
  }

  /** Whether the Session keeps a message of QoS 1 or 2 and has no room for it, which expired ones do not take. */
  isFull(session: Session): boolean {
    if (this.hasRoom(session) || (!session.isPersistent && session.online === undefined)) return false;
    return !this.makesRoom(session, 1);
  }

  /** The message as an object that outlives the chunk; made once. */
  keep(): KeptMessage {
    return (this.message ??= this.copyOut());
  }

  /** Delivers a kept message to one Session with that Subscription: retained messages after a SUBSCRIBE. */
  keptTo(
    session: Session,
    message: KeptMessage,
    qos: QoS,
    retain: boolean,
    subscriptionIdentifiers: readonly number[],
    after = 0,
  ): void {
    this.message = message;
    this.after = after;
    fillFromMessage(this.source, message, this.clock);
    this.toSession(session, qos, retain, subscriptionIdentifiers);
    this.message = undefined;
  }

  /**
   * Delivers to a member what another one could not take: the message of a copy made for that one.
   *
   * @param after It may not leave before this commit either: a QoS 2 publisher who sends it again must be recognized by then.
   */
  againTo(member: Subscription, message: KeptMessage, retain: boolean, group: string, after: number): void {
    const qos = message.qos < member.qos ? message.qos : member.qos;
    this.group = group;
    this.keptTo(member.session, message, qos, retain && member.retainAsPublished, identifiersOf(member), after);
    this.group = undefined;
  }

  private toSession(session: Session, qos: QoS, retain: boolean, subscriptionIdentifiers: readonly number[]): void {
    const connection = session.online;
    if (qos === 0 && this.after === 0) {
      if (connection !== undefined) this.atMostOnce(session, connection, retain, subscriptionIdentifiers);
    } else if (session.isPersistent && qos > 0) this.toPersistent(session, connection, qos, retain, subscriptionIdentifiers);
    else if (connection !== undefined) this.toTransient(session, connection, qos, retain, subscriptionIdentifiers);
  }

  private atMostOnce(session: Session, connection: SessionConnection, retain: boolean, ids: readonly number[]): void {
    if (connection.isCongested && this.isBehind(session, connection)) {
      this.drops.count(session, "slowClient");
      return;
    }
    this.source.subscriptionIdentifiers = ids;
    if (connection.sender.publishAtMostOnce(this.source, retain)) this.counters.messagesSent++;
    else this.drops.count(session, "tooLarge");
  }

  private toTransient(session: Session, connection: SessionConnection, qos: QoS, retain: boolean, ids: readonly number[]): void {
    const { sender } = connection;
    // What another member may have to get after this one must be remembered.
    if (this.after === 0 && sender.ready && this.group === undefined) {
      this.source.subscriptionIdentifiers = ids;
      if (sender.publishTransient(this.source, qos, retain)) this.counters.messagesSent++;
      else this.drops.count(session, "tooLarge");
      return;
    }
    if (this.refusesQueue(session, qos)) return;
    const entry = this.entry(session, qos, retain, ids);
    if (qos === 0) session.hasAtMostOnce = true;
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
    if (this.refusesQueue(session, qos)) return;
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

  private refusesQueue(session: Session, qos: QoS): boolean {
    if (this.hasRoom(session) || this.makesRoom(session, qos)) return false;
    this.drops.count(session, "queueFull");
    if (qos === 0) return true;
    const { connection } = session;
    if (this.limits.queueFull === "dropOldest") return !this.dropOldest(session);
    if (this.limits.queueFull === "disconnect" && connection !== undefined) this.endSoon(connection);
    return true;
  }

  /** Drops what is nobody's loss: expired messages, and for one of QoS 1 or 2 those of QoS 0, whatever the policy keeps of the others. */
  private makesRoom(session: Session, qos: QoS): boolean {
    if (this.dropExpired(session) && this.hasRoom(session)) return true;
    return qos > 0 && session.hasAtMostOnce && this.dropAtMostOnce(session) && this.hasRoom(session);
  }

  /** Takes the QoS 0 messages out of a queue, where those of QoS 2 publishers wait. Answers whether there were any. */
  private dropAtMostOnce(session: Session): boolean {
    session.hasAtMostOnce = false;
    const entries = new Set<KeptEntry>();
    session.state.queue.forEach((entry) => {
      if (entry.qos === 0) entries.add(entry as KeptEntry);
    });
    takeOut(session, entries, this.journal);
    if (entries.size > 0) this.drops.count(session, "queueFull", entries.size);
    return entries.size > 0;
  }

  /** Answers whether there is room now. */
  private dropOldest(session: Session): boolean {
    const entry = session.state.queue.peek();
    if (entry === undefined) return false;
    this.forget(session, entry);
    // The bytes of one small message may not be enough for the next.
    while (!this.hasRoom(session)) {
      const next = session.state.queue.peek();
      if (next === undefined) return false;
      this.drops.count(session, "queueFull");
      this.forget(session, next);
    }
    return true;
  }

  private endSoon(connection: SessionConnection): void {
    if (this.ending.has(connection)) return;
    this.ending.add(connection);
    this.clock.setTimer(() => {
      this.ending.delete(connection);
      if (!connection.isOpen) return;
      this.counters.slowDisconnected++;
      connection.end(new MqttError("QUOTA", { reasonCode: ReasonCode.QuotaExceeded, source: "local", detail: QUEUE_FULL }));
    }, 0);
  }

  /** Takes the oldest entry out of a queue. */
  private forget(session: Session, head: OutboundEntry): void {
    shiftQueue(session.state);
    this.journal.entryDone(session, head);
    if (head.message instanceof KeptMessage) this.journal.release(head.message);
  }

  /** Makes room: what has expired at the head of a full queue would not be sent any more ([MQTT-3.3.2-5]). Answers whether any had. */
  private dropExpired(session: Session): boolean {
    const { state } = session;
    const now = this.clock.wallTime();
    const before = state.queue.length;
    for (let head = state.queue.peek(); head !== undefined; head = state.queue.peek()) {
      const { message } = head;
      if (message === undefined || message.expiresAt === 0 || message.expiresAt > now) break;
      this.drops.count(session, "expired");
      this.forget(session, head);
    }
    return state.queue.length < before;
  }

  private entry(session: Session, qos: QoS, retain: boolean, subscriptionIdentifiers: readonly number[]): KeptEntry {
    const message = this.keep();
    message.references++;
    if (this.group !== undefined) session.hasShared = true;
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
      group: this.group,
    };
  }

  private copyOut(): KeptMessage {
    const chunk = this.chunk!;
    const offsets = this.offsets!;
    const { payloadStart, payloadEnd } = offsets;
    const payload = (offsets.retain ? ownBytes : pooledBytes)(chunk, payloadStart, payloadEnd);
    const { properties } = this.source;
    const kept = properties.start === properties.end ? undefined : ownBytes(properties.source, properties.start, properties.end);
    const { messageExpiryInterval: interval } = offsets;
    const expiresAt = interval < 0 ? 0 : this.clock.wallTime() + interval * 1000;
    return new KeptMessage(this.route.topic, payload, kept, expiresAt, this.qos, this.publisher);
  }
}

/** Payloads of these sizes share arrays, so that at most 16 times a message can be held by its neighbours. */
const POOLED_FROM = 512;
const POOLED_TO = 2048;
const POOL_BYTES = 8192;

let pool: Buffer = Buffer.alloc(0);
let poolAt = 0;

/**
 * Copies like `ownBytes`. An array of its own for each queued message of a kilobyte was half of what it cost, most of it in the garbage
 * collector; what is retained has one still, since it stays.
 */
function pooledBytes(source: Uint8Array, start: number, end: number): Uint8Array {
  const size = end - start;
  if (size < POOLED_FROM || size > POOLED_TO) return ownBytes(source, start, end);
  // Not Node's own pool: what shares that with them (the records for the store) would stay as long as they wait, and be as much again.
  if (poolAt + size > pool.length) {
    pool = Buffer.allocUnsafeSlow(POOL_BYTES);
    poolAt = 0;
  }
  const own = pool.subarray(poolAt, (poolAt += size));
  bytes.copy(source, own, 0, start, end);
  return own;
}

const NONE: readonly number[] = [];
const QUEUE_FULL = "more messages wait for the client than may (maximumQueuedMessages, maximumQueuedBytes)";

function identifiersOf({ subscriptionIdentifier }: Subscription): readonly number[] {
  return subscriptionIdentifier === 0 ? NONE : [subscriptionIdentifier];
}
