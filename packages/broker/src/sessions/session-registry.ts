import { MqttError, PacketType, type Properties, type Will } from "@bowline/protocol";
import { type Clock, encodeProperties, type OutboundEntry, OutboundState, pushQueue } from "@bowline/protocol/internal";
import { type AccessControl, publishBit, type Rights } from "../acl/access-control.ts";
import type { Journal } from "../messages/journal.ts";
import type { KeptEntry } from "../messages/kept-entry.ts";
import { KeptMessage } from "../messages/kept-message.ts";
import type { DropLedger } from "../metrics/drop-ledger.ts";
import { grantRights } from "../router/may-deliver.ts";
import type { Router } from "../router/router.ts";
import type { LoadedSession, StoredSession } from "../storage/storage.ts";
import { dropRevoked } from "./drop-revoked.ts";
import { giveBack } from "./give-back.ts";
import type { PendingWill } from "./pending-will.ts";
import { keyOf, NEVER_EXPIRES, Session } from "./session.ts";
import type { SessionConnection } from "./session-connection.ts";

/** What a CONNECT asks of the registry. */
export interface OpenRequest {
  owner: string;
  clientIdentifier: string;
  rights: Rights;
  cleanStart: boolean;
  /** Seconds. */
  expiryInterval: number;
  will: PendingWill | undefined;
}

/** What a CONNECT changes of a Session that was there. */
export type SessionBefore = Readonly<Pick<Session, "expiryInterval" | "will" | "disconnectedAt">>;

export interface OpenedSession {
  session: Session;
  /** Section 3.2.2.1.1. */
  sessionPresent: boolean;
  /** The CONNACK waits for this commit number. */
  commit: number;
  /** For a CONNECT that is not accepted after all; undefined where there was no Session. */
  before: SessionBefore | undefined;
}

export interface SessionRegistryOptions {
  tenant: string;
  router: Router;
  journal: Journal;
  drops: DropLedger;
  access: AccessControl;
  clock: Clock;
  /** Numbers for storage, unique over all tenants. */
  nextSessionId: () => number;
  events: SessionEvents;
}

/** How many there may be; 0 is no limit. */
export interface SessionLimits {
  maximumConnectionsPerOwner: number;
  maximumTenantConnections: number;
  maximumSessions: number;
}

/** What happens to Sessions and nobody else is told. */
export interface SessionEvents {
  /** Storage takes nothing: the will is held in memory and published when it does. */
  willPostponed(session: Session): void;
  /** It is not published: its client has lost the right, or too many wills wait for storage. */
  willDropped(session: Session, reason: string): void;
  /** Something of ours threw while a Session fell due. */
  sessionFaulted(session: Session, cause: unknown): void;
}

/** Wills that wait for storage, over which they are dropped: 10,000 of the usual size are some megabytes. */
const MAXIMUM_POSTPONED_WILLS = 10_000;

/**
 * The Sessions of one tenant: who has one, who takes one over, when they end, and their wills. A Session is keyed by owner and
 * Client Identifier: within one owner takeover is the specification's, and another owner's Session cannot be reached.
 */
export class SessionRegistry {
  private readonly options: SessionRegistryOptions;
  private readonly sessions = new Map<string, Session>();
  /** Sessions without a connection: they have deadlines. */
  private readonly offline = new Set<Session>();
  /** Whose connection is being taken over: the client is here, so nothing of its Session goes to others. */
  private takenOver: Session | undefined;
  /** Connections by owner; anonymous clients have none. */
  private readonly connectedBy = new Map<string, number>();
  private isClosing = false;
  private postponedWills = 0;
  /** Most Sessions that had a connection at once, since the start. */
  mostConnected = 0;

  constructor(options: SessionRegistryOptions) {
    this.options = options;
  }

  get size(): number {
    return this.sessions.size;
  }

  values(): IterableIterator<Session> {
    return this.sessions.values();
  }

  /** Which limit does not allow this connection besides those that are open. One that is taken over makes room. */
  refusedBy(owner: string, clientIdentifier: string, limits: SessionLimits): keyof SessionLimits | undefined {
    const session = this.sessions.get(keyOf(owner, clientIdentifier));
    if (session?.connection === undefined) {
      const ownersOwn = owner === "" ? 0 : (this.connectedBy.get(owner) ?? 0);
      if (isReached(limits.maximumConnectionsPerOwner, ownersOwn)) return "maximumConnectionsPerOwner";
      if (isReached(limits.maximumTenantConnections, this.connected)) return "maximumTenantConnections";
    }
    return session === undefined && isReached(limits.maximumSessions, this.size) ? "maximumSessions" : undefined;
  }

  /** Sessions that have a connection. */
  get connected(): number {
    return this.sessions.size - this.offline.size;
  }

  /** Gives the connection its Session, section 3.1.2.4 and 3.1.4. Throws STORE_READ_ONLY when a new one cannot be kept. */
  open(request: OpenRequest, connection: SessionConnection): OpenedSession {
    const key = keyOf(request.owner, request.clientIdentifier);
    this.takeOver(this.sessions.get(key));
    let session = this.sessions.get(key);
    let ended = 0;
    if (session !== undefined && request.cleanStart) {
      // [MQTT-3.1.2-4]
      ended = this.end(session);
      session = undefined;
    }
    const sessionPresent = session !== undefined;
    const before = session === undefined ? undefined : beforeOf(session);
    if (session === undefined) session = new Session(this.options.tenant, request.owner, request.clientIdentifier, request.rights);
    else this.grant(session, request.rights);
    // What a crash would bring back: another Will, another interval, or the earlier time from which a finite one counts.
    const counts = session.disconnectedAt !== 0 && session.expiryInterval !== NEVER_EXPIRES;
    const hasWill = session.will !== undefined || request.will !== undefined;
    const isChanged = session.expiryInterval !== request.expiryInterval || hasWill || counts;
    session.expiryInterval = request.expiryInterval;
    // [MQTT-3.1.3-9]: a resumed Session forgets the will that was still due.
    session.will = request.will;
    session.disconnectedAt = 0;
    const commit = Math.max(ended, this.keep(session, isChanged));
    session.connection = connection;
    this.countConnection(session, 1);
    this.sessions.set(session.key, session);
    this.offline.delete(session);
    this.mostConnected = Math.max(this.mostConnected, this.connected);
    return { session, sessionPresent, commit, before };
  }

  /** The CONNECT that opened it is not accepted after all: the Session is as it was before, or none. */
  giveUp(session: Session, before: SessionBefore | undefined): void {
    session.connection = undefined;
    this.countConnection(session, -1);
    if (before === undefined) {
      session.will = undefined;
      session.expiryInterval = 0;
      this.end(session);
      return;
    }
    Object.assign(session, before);
    this.offline.add(session);
    // Of one that was taken over nothing had gone to others yet.
    this.giveBack(session, false);
    this.save(session);
  }

  /**
   * The connection of a Session is gone. `isWillDue`: it did not end with DISCONNECT 0x00 ([MQTT-3.1.2-8] [MQTT-3.1.2-10]).
   */
  detach(session: Session, isWillDue: boolean): void {
    session.connection = undefined;
    this.countConnection(session, -1);
    session.disconnectedAt = this.options.clock.wallTime();
    if (!isWillDue) session.will = undefined;
    if (session.expiryInterval === 0) {
      this.end(session);
      return;
    }
    this.offline.add(session);
    if (session !== this.takenOver) this.giveBack(session, false);
    const { will } = session;
    if (will !== undefined) {
      // Section 3.1.3.2.2: at the end of the delay or of the Session, whichever comes first; the sweep sees to the latter.
      will.dueAt = session.disconnectedAt + will.delayInterval * 1000;
      if (will.delayInterval === 0) this.publishWill(session);
    }
    this.save(session);
  }

  /**
   * The user they belong to is gone or may not come any more: its connections end, and its wills are not published, as it has no right
   * to any of it. Its Sessions go too where they must not fall to a later user of that name.
   */
  dropOwner(owner: string, error: MqttError, isForGood: boolean): void {
    for (const session of this.sessions.values()) {
      if (session.owner !== owner) continue;
      session.will = undefined;
      if (isForGood) session.expiryInterval = 0;
      if (session.connection !== undefined) session.connection.end(error);
      else if (isForGood) this.end(session);
      else this.save(session);
    }
  }

  /**
   * The tenant goes: ends Sessions of so many rows together, and one at least, without their wills and with their connections; answers how
   * many Sessions. Nothing of one goes to another's client any more.
   */
  dropSome(maximum: number, error: MqttError): number {
    this.isClosing = true;
    let count = 0;
    let rows = 0;
    for (const session of this.sessions.values()) {
      if (rows >= maximum) break;
      count++;
      // What lies below its own row goes in steps of the storage's; its messages go with it.
      rows += 1 + session.state.queue.length + session.state.inFlight.count;
      session.will = undefined;
      session.expiryInterval = 0;
      if (session.connection !== undefined) session.connection.end(error);
      // One whose connection could not be told is gone all the same.
      if (session.connection === undefined && this.sessions.get(session.key) === session) this.end(session);
    }
    return count;
  }

  /** Publishes the wills and ends the Sessions that are due. */
  sweep(): void {
    const now = this.options.clock.wallTime();
    for (const session of this.offline) {
      try {
        if (session.will !== undefined && session.will.dueAt <= now) {
          this.publishWill(session);
          this.save(session);
        }
        if (session.endsAt <= now) this.end(session);
      } catch (cause) {
        this.options.events.sessionFaulted(session, cause);
      }
    }
  }

  /** Rules have changed: what waits for clients that are connected and may not have it any more does not leave. */
  accessChanged(): void {
    for (const session of this.sessions.values()) if (session.connection !== undefined) this.dropRevoked(session);
  }

  /** Its client is back, or authenticated again, with rights that may be others: what waits is held against them before it leaves. */
  grant(session: Session, rights: Rights): void {
    if (grantRights(session, rights)) this.options.router.routesChanged();
    this.dropRevoked(session);
  }

  /** The broker stops: from now on nothing of one Session goes to another's client, which is about to go as well. */
  closing(): void {
    this.isClosing = true;
  }

  /**
   * Ends a Session: its will is published, its Subscriptions and messages are forgotten ([MQTT-4.1.0-2]). Answers the commit number
   * after which no crash brings it back, 0 where none must be waited for.
   */
  end(session: Session): number {
    const { router, journal } = this.options;
    this.offline.delete(session);
    this.sessions.delete(session.key);
    router.unsubscribeAll(session);
    this.giveBack(session, true);
    // Before the row that keeps it is gone.
    this.publishWill(session);
    const { state, id } = session;
    const commit = session.isPersistent ? journal.write(() => journal.storage.deleteSession(id)) : 0;
    session.id = 0;
    state.queue.forEach((entry) => releaseEntry(journal, entry));
    state.inFlight.forEach((_identifier, _state, entry) => {
      if (entry !== undefined) releaseEntry(journal, entry);
    });
    state.clear();
    return Number.isFinite(commit) ? commit : 0;
  }

  /** Puts back a Session at start. Its time without a connection counts from the stop, or from now after a crash. */
  restore(loaded: LoadedSession, messageOf: (id: number) => KeptMessage | undefined): Session {
    const { session: row, subscriptions, queue, inboundIdentifiers } = loaded;
    const session = new Session(row.tenant, row.owner, row.clientIdentifier, this.options.access.rightsOf(row, undefined));
    session.id = row.id;
    session.expiryInterval = row.expiryInterval;
    session.disconnectedAt = row.disconnectedAt === 0 ? this.options.clock.wallTime() : row.disconnectedAt;
    session.state.survives = true;
    if (row.will !== undefined) session.will = { ...row.will, dueAt: session.disconnectedAt + row.will.delayInterval * 1000 };
    for (const subscription of subscriptions)
      this.options.router.subscribe({ kind: "single", session, ...subscription, rightsSeen: 0 });
    for (const entry of queue) restoreEntry(session, entry, entry.messageId === 0 ? undefined : messageOf(entry.messageId));
    for (const identifier of inboundIdentifiers) session.state.inbound.add(identifier);
    this.sessions.set(session.key, session);
    this.offline.add(session);
    return session;
  }

  private dropRevoked(session: Session): void {
    const { router, journal, drops } = this.options;
    const dropped = dropRevoked(session, router, journal);
    if (dropped > 0) drops.count(session, "revoked", dropped);
  }

  private countConnection({ owner }: Session, change: number): void {
    if (owner === "") return;
    const count = (this.connectedBy.get(owner) ?? 0) + change;
    if (count > 0) this.connectedBy.set(owner, count);
    else this.connectedBy.delete(owner);
  }

  /** [MQTT-3.1.4-3] */
  private takeOver(session: Session | undefined): void {
    if (session?.connection === undefined) return;
    this.takenOver = session;
    try {
      session.connection.takenOver();
    } finally {
      this.takenOver = undefined;
    }
  }

  private giveBack(session: Session, isEnding: boolean): void {
    if (!this.isClosing) giveBack(session, isEnding, this.options.router, this.options.journal);
  }

  /**
   * Stores the Session where it must survive its connection; answers the commit number that its CONNACK waits for. One that is stored
   * already may come back while storage takes nothing: then its row is owed and nobody waits.
   */
  private keep(session: Session, isChanged: boolean): number {
    session.state.survives = session.isPersistent || session.expiryInterval > 0;
    if (!session.state.survives) return 0;
    if (session.isPersistent) {
      const commit = this.save(session);
      return isChanged && Number.isFinite(commit) ? commit : session.keptBy;
    }
    session.id = this.options.nextSessionId();
    session.keptBy = this.options.journal.storage.putSession(rowOf(session));
    return session.keptBy;
  }

  /** Stores how the Session is now; owed while storage is read-only, and forgotten when it has ended by then. */
  private save(session: Session): number {
    const { journal } = this.options;
    return journal.write(() => (session.isPersistent ? journal.storage.putSession(rowOf(session)) : 0));
  }

  private publishWill(session: Session): void {
    const { will } = session;
    if (will === undefined) return;
    session.will = undefined;
    const { router, events } = this.options;
    // Asked again, as the right may have gone since the CONNECT.
    if (stopsWill(session.rights, will)) {
      events.willDropped(session, "its client has no right to publish it");
      return;
    }
    const message = this.messageOf(will, session);
    const publish = (): number => router.publishMessage(message, will.retain, session);
    try {
      publish();
    } catch (error) {
      if (!MqttError.is(error) || error.code !== "STORE_READ_ONLY") throw error;
      this.postponeWill(session, message, publish);
    }
  }

  /** A full disk: it cannot be kept for those who are away, and is published to everybody when it can. */
  private postponeWill(session: Session, message: KeptMessage, publish: () => number): void {
    const { clock, journal, events } = this.options;
    if (this.postponedWills >= MAXIMUM_POSTPONED_WILLS) {
      events.willDropped(session, "too many wills wait for storage");
      return;
    }
    this.postponedWills++;
    events.willPostponed(session);
    journal.later(() => {
      const isExpired = message.expiresAt !== 0 && message.expiresAt <= clock.wallTime();
      const commit = isExpired ? 0 : publish();
      this.postponedWills--;
      return commit;
    });
  }

  private messageOf(will: PendingWill, session: Session): KeptMessage {
    const { clock } = this.options;
    const expiresAt = will.messageExpiryInterval < 0 ? 0 : clock.wallTime() + will.messageExpiryInterval * 1000;
    const topic = new TextEncoder().encode(will.topicName);
    return new KeptMessage(topic, will.payload, will.properties, expiresAt, will.qos, session.publisherName);
  }
}

function stopsWill(rights: Rights, { topicName, qos, retain }: PendingWill): boolean {
  const way = publishBit(qos, retain);
  return rights.stopsWill?.(topicName, way) ?? (rights.refusedPublishes(topicName) & way) !== 0;
}

/** The will of a CONNECT as it is kept. */
export function pendingWill(will: Will): PendingWill {
  const { willDelayInterval, messageExpiryInterval, ...rest }: Properties = will.properties ?? {};
  const hasMore = Object.keys(rest).length > 0;
  return {
    topicName: will.topicName,
    payload: will.payload,
    qos: will.qos,
    retain: will.retain,
    properties: hasMore ? encodeProperties(rest, PacketType.PUBLISH) : undefined,
    messageExpiryInterval: messageExpiryInterval ?? -1,
    delayInterval: willDelayInterval ?? 0,
    dueAt: 0,
  };
}

function isReached(maximum: number, count: number): boolean {
  return maximum > 0 && count >= maximum;
}

function beforeOf({ expiryInterval, will, disconnectedAt }: Session): SessionBefore {
  return { expiryInterval, will, disconnectedAt };
}

function rowOf(session: Session): StoredSession {
  const { id, tenant, owner, clientIdentifier, expiryInterval, disconnectedAt, will } = session;
  return { id, tenant, owner, clientIdentifier, expiryInterval, disconnectedAt, will };
}

function releaseEntry(journal: Journal, entry: OutboundEntry): void {
  if (entry.tag instanceof KeptMessage) journal.release(entry.tag);
  entry.tag = undefined;
}

function restoreEntry(session: Session, row: LoadedSession["queue"][number], message: KeptMessage | undefined): void {
  const { state } = session;
  if (row.sequence >= state.nextSequence) state.nextSequence = row.sequence + 1;
  if (message !== undefined) message.references++;
  const entry: KeptEntry = {
    sequence: row.sequence,
    message,
    qos: row.qos,
    retain: row.retain,
    subscriptionIdentifiers: row.subscriptionIdentifiers,
    state: row.state,
    packetIdentifier: row.packetIdentifier,
    // Whether its bytes had left before the stop is not known: DUP tells the receiver that they may have, [MQTT-3.3.1-1].
    sent: row.state !== OutboundState.Queued,
    commit: 0,
    tag: message,
    group: undefined,
  };
  if (row.state === OutboundState.Queued) pushQueue(state, entry);
  else state.inFlight.put(row.packetIdentifier, row.state, entry);
}
