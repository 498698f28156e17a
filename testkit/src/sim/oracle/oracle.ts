import type { ConnectPacket, PublishPacket, QoS, SubscribePacket } from "@bowline/protocol";
import type { BrokerSpec } from "../script.ts";
import type { SimStore } from "../sim-store.ts";
import { Arrivals } from "./arrivals.ts";
import { messageOf } from "./message-name.ts";
import { newPublication, type Publication } from "./publication.ts";
import { RetainedModel } from "./retained-model.ts";
import { ClientEnd, type Judge, type PendingSubscribe, ServerEnd, subscribedBy } from "./server-end.ts";
import { SessionModel } from "./session-model.ts";
import { filterMatches, shareOf } from "./topic-filter.ts";
import { SWEEP_MS, WillModels } from "./will-model.ts";

/** Something a client must get before the run is over. */
interface Obligation {
  readonly session: SessionModel;
  readonly epoch: number;
  readonly publication: Publication;
  /** It ends with this connection. */
  readonly connection: ServerEnd | undefined;
  readonly isRetained: boolean;
}

export interface OracleOptions {
  readonly broker: BrokerSpec;
  readonly store: SimStore;
  readonly now: () => number;
  /** The largest packet a client takes. */
  readonly maximumPacketSizeOf: (client: string) => number;
}

/** Ms that a message which is about to be sent may wait for the commit of its Packet Identifier. */
const COMMIT_MS = 200;
/** Bytes of a PUBLISH beside its payload, at most. */
const OVERHEAD = 64;

/**
 * Judges a run by what passes the ends of its connections and what reaches the applications. It knows the specification and
 * nothing of the broker: what must be there, what may be there, and where a crash leaves either.
 */
export class Oracle implements Judge {
  readonly violations: string[] = [];
  readonly history: string[] = [];
  readonly broker: BrokerSpec;
  readonly wills: WillModels = new WillModels();
  readonly retained: RetainedModel = new RetainedModel();
  readonly publications: Map<string, Publication> = new Map();
  crashes = 0;
  takeovers = 0;
  deliveries = 0;
  /** Keeps what happens, to be printed. */
  records = false;
  private readonly options: OracleOptions;
  private readonly sessions = new Map<string, SessionModel>();
  private readonly connections = new Map<SessionModel, ServerEnd>();
  private readonly pendingSubscribes = new Set<PendingSubscribe>();
  private readonly pendingAcknowledgements = new Map<ServerEnd, Map<number, Publication>>();
  private readonly obligations = new Map<string, Obligation>();
  private readonly arrivals = new Arrivals((what) => this.violated(what));
  private routed = 0;

  constructor(options: OracleOptions) {
    this.options = options;
    this.broker = options.broker;
  }

  note(line: () => string): void {
    if (this.records) this.history.push(`${String(this.now).padStart(6)} ms  ${line()}`);
  }

  violated(what: string): void {
    this.violations.push(`at ${this.now} ms: ${what}`);
    this.note(() => `VIOLATION ${what}`);
  }

  get now(): number {
    return this.options.now();
  }

  session(client: string): SessionModel {
    let session = this.sessions.get(client);
    if (session === undefined) {
      session = new SessionModel(client);
      this.sessions.set(client, session);
    }
    return session;
  }

  serverEnd(): ServerEnd {
    return new ServerEnd(this);
  }

  clientEnd(client: string): ClientEnd {
    return new ClientEnd(this, this.session(client));
  }

  // The applications.

  published(fields: Omit<Parameters<typeof newPublication>[0], "order">): void {
    this.publications.set(fields.message, newPublication({ ...fields, order: this.publications.size }));
  }

  /** A client gave a message to its application. */
  received(client: string, topicName: string, payload: Uint8Array, qos: QoS, retain: boolean): void {
    this.deliveries++;
    const message = messageOf(payload);
    this.note(() => `${client} gets ${message} from ${topicName}, QoS ${qos}`);
    if (message === "" || message.startsWith("w")) return;
    const publication = this.publications.get(message);
    if (publication === undefined) {
      this.violated(`${client} got ${message}, which nobody published`);
      return;
    }
    this.arrivals.add(client, publication, qos, retain);
    this.obligations.delete(keyOf(client, publication, false));
    if (retain) this.obligations.delete(keyOf(client, publication, true));
  }

  /** The observer of all wills got one. */
  sawWill(payload: Uint8Array): void {
    const will = this.wills.all.get(messageOf(payload));
    if (will === undefined) return;
    will.isSeen = true;
    if (will.state === "armed") this.violated(`the will ${will.message} was sent while its connection lives`);
    if (will.state === "never") this.violated(`the will ${will.message} was sent, and it was discarded`);
    if (will.state === "due" && this.now < will.dueAt)
      this.violated(`the will ${will.message} was sent ${will.dueAt - this.now} ms early`);
  }

  // The broker's end of the connections.

  connecting(end: ServerEnd, packet: ConnectPacket): void {
    const session = this.session(packet.clientIdentifier);
    const older = this.connections.get(session);
    if (older !== undefined) {
      this.takeovers++;
      this.connectionEnded(older);
    }
    const presence = session.presence(this.now);
    end.session = session;
    end.isClean = packet.cleanStart;
    end.expected = packet.cleanStart ? "no" : presence;
    end.cancelled = this.wills.connected(session.client, packet.cleanStart, presence, this.now, this.options.store.writing);
    if (packet.cleanStart || presence === "no") {
      for (const filter of session.filters.keys()) session.mayLose(filter);
      this.forgive((obligation) => obligation.session === session);
    }
    if (presence !== "yes") {
      // Whatever it was before, its time is over.
      session.exists = presence;
      session.isPromised = false;
    }
    session.isConnected = true;
    session.expiry =
      packet.protocolVersion === 5 ? (packet.properties?.sessionExpiryInterval ?? 0) : packet.cleanStart ? 0 : 0xffff_ffff;
    this.connections.set(session, end);
    if (packet.will === undefined) return;
    const { topicName, payload, qos, retain, properties } = packet.will;
    const delay = properties?.willDelayInterval ?? 0;
    end.will = this.wills.arm({ message: messageOf(payload), client: session.client, topicName, qos, retain, delay });
  }

  accepted(end: ServerEnd, sessionPresent: boolean): void {
    const session = end.session!;
    if (end.expected === "yes" && !sessionPresent) this.violated(`${session.client}: the session that was promised is not there`);
    if (end.expected === "no" && sessionPresent) this.violated(`${session.client}: a session is there that must not be`);
    if (!sessionPresent) this.restart(session);
    session.exists = "yes";
    session.isPromised = session.expiry > 0;
    session.endsNotBefore = session.endsNotAfter = Number.POSITIVE_INFINITY;
    if (session.expiry > 0) session.wasStored = true;
    end.isAccepted = true;
    // The CONNACK is a promise that all this is kept.
    for (const will of end.cancelled) will.group = 0;
  }

  connectionEnded(end: ServerEnd): void {
    if (end.isOver) return;
    end.giveUp();
    end.isOver = true;
    const { session } = end;
    this.note(() => `${end.name} is disconnected`);
    this.revive(end);
    for (const pending of end.pendingSubscribes.values()) this.pendingSubscribes.delete(pending);
    this.pendingAcknowledgements.delete(end);
    this.forgive((obligation) => obligation.connection === end);
    if (session === undefined || this.connections.get(session) !== end) return;
    this.connections.delete(session);
    session.isConnected = false;
    this.freeShared(session);
    if (!end.isAccepted && end.expected === "no") this.restart(session);
    if (!end.isAccepted && end.expected === "maybe") this.mayHaveRestarted(session);
    const { writing } = this.options.store;
    this.endWill(end, session.expiry, writing);
    session.endedIn = session.offlineIn = writing;
    if (session.expiry === 0) this.sessionEnded(session);
    else {
      // One that was begun by a CONNECT without an answer is nobody's.
      if (session.exists === "no") session.exists = end.isAccepted ? "yes" : "maybe";
      session.endsNotBefore = session.expiry === 0xffff_ffff ? Number.POSITIVE_INFINITY : this.now + session.expiry * 1000;
      session.endsNotAfter = session.endsNotBefore + SWEEP_MS;
    }
  }

  subscribing(end: ServerEnd, packet: SubscribePacket): void {
    const session = end.session!;
    const subscribed = subscribedBy(packet);
    const fresh = new Set<string>();
    for (const one of subscribed) if (!session.filters.has(one.topicFilter)) fresh.add(one.topicFilter);
    const pending: PendingSubscribe = { session, subscribed, fresh, changed: new Set() };
    for (const one of subscribed) {
      session.mayGain(one);
      for (const topicName of this.retained.topicNames) this.allowRetained(pending, topicName, [one.topicFilter]);
    }
    end.pendingSubscribes.set(packet.packetIdentifier, pending);
    this.pendingSubscribes.add(pending);
  }

  subscribed(end: ServerEnd, id: number, reasonCodes: readonly number[]): void {
    const pending = end.pendingSubscribes.get(id);
    if (pending === undefined) return;
    end.pendingSubscribes.delete(id);
    this.pendingSubscribes.delete(pending);
    for (const [i, one] of pending.subscribed.entries()) {
      if ((reasonCodes[i] ?? 0x80) >= 0x80) this.violated(`${end.name}: the subscription of ${one.topicFilter} was refused`);
      else if (reasonCodes[i] !== one.qos) this.violated(`${end.name}: ${one.topicFilter} got QoS ${reasonCodes[i]}`);
      pending.session.filters.set(one.topicFilter, [one]);
      this.oweRetained(end, pending, one.topicFilter, one.qos, one.retainHandling ?? 0);
    }
  }

  unsubscribed(end: ServerEnd, id: number): void {
    const session = end.session!;
    for (const filter of end.pendingUnsubscribes.get(id) ?? []) session.filters.delete(filter);
    end.pendingUnsubscribes.delete(id);
    // What is queued may still come, and need not.
    this.forgive((one) => one.session === session && session.matching(one.publication.topicName, false).length === 0);
  }

  /** A PUBLISH from a client reached the broker. */
  arrived(end: ServerEnd, packet: PublishPacket): void {
    const session = end.session!;
    const message = messageOf(packet.payload);
    if (message === "") {
      this.arrivedEmpty(session, packet);
      return;
    }
    const publication = this.publications.get(message);
    if (publication === undefined || publication.topicName !== packet.topicName || publication.client !== session.client) {
      this.violated(`${session.client} sent ${message} to ${packet.topicName}, which its application did not`);
      return;
    }
    const id = packet.packetIdentifier ?? 0;
    const isAgain = packet.qos === 2 && session.inbound.get(id) === message;
    if (packet.qos === 2) session.inbound.set(id, message);
    if (packet.qos > 0) this.pendingOf(end).set(id, publication);
    publication.epochs.add(session.epoch);
    if (isAgain && (publication.isAcknowledged || (this.crashes === 0 && !publication.isUncertain))) return;
    this.route(publication, isAgain);
  }

  /** An empty payload has no name; all that is known of it is that it clears the retained message. */
  private arrivedEmpty(session: SessionModel, { qos, packetIdentifier, retain, topicName }: PublishPacket): void {
    const isAgain = qos === 2 && session.inbound.get(packetIdentifier!) === "";
    if (qos === 2) session.inbound.set(packetIdentifier!, "");
    if (!retain) return;
    if (isAgain) this.retained.maySet(topicName, undefined);
    else this.setRetained(topicName, undefined);
  }

  /** A PUBLISH came just as its connection ended. */
  mayHaveArrived(end: ServerEnd, packet: PublishPacket): void {
    const message = messageOf(packet.payload);
    const publication = this.publications.get(message);
    if (packet.retain) this.retained.maySet(packet.topicName, message === "" ? undefined : message);
    if (publication === undefined) return;
    if (packet.qos === 2) end.session!.inbound.set(packet.packetIdentifier!, message);
    publication.isUncertain = true;
    publication.epochs.add(end.session!.epoch);
    this.route(publication, true);
  }

  /** The broker acknowledged a PUBLISH: from now on it answers for it. */
  acknowledged(end: ServerEnd, id: number): void {
    const publication = this.pendingAcknowledgements.get(end)?.get(id);
    if (publication === undefined) return;
    this.pendingAcknowledgements.get(end)!.delete(id);
    publication.isAcknowledged = true;
    if (publication.retain) this.retained.acknowledged(publication.topicName, publication.message);
    for (const { session, epoch, connection } of publication.receivers) {
      const isCertain = session.exists === "yes" && session.epoch === epoch && session.presence(this.now) === "yes";
      const isSubscribed = this.certainOf(session, publication).some(({ qos }) => qos > 0);
      if (!isCertain || !isSubscribed) continue;
      if (session.expiry === 0 && (connection === undefined || connection.isOver)) continue;
      this.owe(session, publication, session.expiry === 0 ? connection : undefined, false);
    }
  }

  /** The broker sent a message to a client. */
  delivered(session: SessionModel, packet: PublishPacket): void {
    const { topicName, payload, qos, retain, properties } = packet;
    const message = messageOf(payload);
    const isSubscribed = session.matching(topicName, false).length > 0 || session.matching(topicName, true).length > 0;
    if (message === "" || message.startsWith("w")) return;
    const publication = this.publications.get(message);
    if (publication === undefined) {
      this.violated(`the broker sent ${message} to ${session.client}, which nobody published`);
      return;
    }
    if (publication.topicName !== topicName) this.violated(`${session.client} got ${message} under the topic ${topicName}`);
    if (payload.length !== Math.max(publication.size, message.length + 1))
      this.violated(`${session.client} got half of ${message}`);
    const copies = publication.copies.get(session.client) ?? [];
    const identifiers = [...(properties?.subscriptionIdentifiers ?? [])].sort((a, b) => a - b).join();
    const fits = copies.some(
      (copy) =>
        (copy.qos ?? qos) === qos && (copy.identifiers ?? identifiers) === identifiers && (copy.retain ?? retain) === retain,
    );
    // Who joined a group later may get what another member left; a crash may have brought back a member that had gone.
    if (publication.groups.size > 0 || this.crashes > 0) this.allowShared(session, publication);
    const isShared = [...publication.groups.values()].some((members) => members.has(session));
    const isRetained = retain && (publication.retainedCopies.get(session.client) ?? 0) > 0;
    if (copies.length === 0 && !isShared && !isRetained && !isSubscribed) {
      this.violated(`${session.client} got ${message} from ${topicName} and is not subscribed`);
    } else if (copies.length > 0 && !fits && !isShared && !isRetained) {
      this.violated(
        `${session.client} got ${message} with QoS ${qos}, retain ${retain}, identifiers [${identifiers}] and not ${JSON.stringify(copies)}`,
      );
    }
    const left = properties?.messageExpiryInterval;
    if (left !== undefined && left > publication.expiry) this.violated(`${message} lives longer than its publisher said`);
    // Read together with a request of its publisher, it may reach others before the answer to that has left: it came just now.
    if (packet.dup || publication.expiry === 0 || publication.firstRouted === 0) return;
    // It is being sent for the first time: its time must not be over.
    const age = this.now - publication.firstRoutedAt;
    if (publication.firstRouted === publication.lastRouted && age > publication.expiry * 1000 + COMMIT_MS) {
      this.violated(`${message} was sent ${age} ms after it came, and lives ${publication.expiry} s`);
    }
  }

  // The broker's process.

  /** Called before its connections end. */
  crashed(): void {
    this.crashes++;
    const { committed } = this.options.store;
    this.note(() => `CRASH, with everything up to commit ${committed} kept`);
    this.retained.crashed(committed);
    this.wills.crashed(committed);
    for (const session of this.sessions.values()) this.crashSession(session, committed);
    this.forgive(({ session, connection }) => session.exists !== "yes" || connection !== undefined);
    this.pendingSubscribes.clear();
    this.pendingAcknowledgements.clear();
  }

  restarted(): void {
    this.wills.restarted(this.now);
    for (const session of this.sessions.values()) {
      if (session.isConnected || session.offlineIn !== Number.POSITIVE_INFINITY || session.expiry === 0xffff_ffff) continue;
      session.endsNotAfter = this.now + session.expiry * 1000 + SWEEP_MS;
    }
  }

  /** What may be the retained message of a topic. */
  retainedOf(topicName: string): (string | undefined)[] {
    const wills = [...this.wills.all.values()].filter((will) => will.topicName === topicName && will.retain);
    if (wills.length === 0) return this.retained.possible(topicName);
    const sent = wills.filter((will) => will.isSeen || will.state === "maybe" || will.qos === 0).map(({ message }) => message);
    return wills.some(({ isSeen }) => isSeen) ? sent : [undefined, ...sent];
  }

  /** What is still owed, in words. */
  outstanding(): string[] {
    this.forgive(({ session, epoch }) => session.epoch !== epoch || session.presence(this.now) !== "yes");
    return [...this.obligations.values()].map(
      ({ session, publication, isRetained }) =>
        `${session.client} never got ${publication.message}${isRetained ? " as the retained message of its new subscription" : ""}`,
    );
  }

  /** Sessions that are surely there, offline. */
  get offlineClients(): string[] {
    return [...this.sessions.values()]
      .filter((session) => !session.isConnected && session.presence(this.now) !== "no")
      .map(({ client }) => client);
  }

  private crashSession(session: SessionModel, committed: number): void {
    const end = this.connections.get(session);
    if (end === undefined) {
      if (session.exists === "no" && session.endedIn > committed && session.wasStored) session.exists = "maybe";
      if (session.exists === "yes" && !session.isPromised) session.exists = "maybe";
      if (session.offlineIn > committed) session.offlineIn = Number.POSITIVE_INFINITY;
      return;
    }
    end.isOver = true;
    this.connections.delete(session);
    session.isConnected = false;
    this.freeShared(session);
    if (!end.isAccepted && end.expected === "maybe") this.mayHaveRestarted(session);
    if (end.will !== undefined) {
      if (end.isAccepted && session.expiry > 0 && !end.isNormal) this.wills.fallDue(end.will, this.now, session.expiry, 0);
      else end.will.state = "maybe";
    }
    if (session.expiry === 0) {
      session.exists = session.wasStored ? "maybe" : "no";
      if (!session.wasStored) session.clear();
    } else if (!end.isAccepted && (end.isClean || !session.isPromised)) session.exists = "maybe";
    const ends = session.expiry === 0xffff_ffff ? Number.POSITIVE_INFINITY : this.now + session.expiry * 1000;
    // A CONNECT that was not answered may be forgotten: then it ends as it was to end before.
    session.endsNotBefore = end.isAccepted ? ends : Math.min(ends, session.endsNotBefore);
    session.endsNotAfter = Number.POSITIVE_INFINITY;
    session.offlineIn = Number.POSITIVE_INFINITY;
    this.revive(end);
  }

  /** A CONNECT that was not answered, also one whose Session was taken over meanwhile, cancels no will for certain. */
  private revive(end: ServerEnd): void {
    if (!end.isAccepted) for (const will of end.cancelled) will.state = "maybe";
  }

  /** A group's QoS 1 message may go to another member when the connection of the first ends (section 4.8.2). */
  private freeShared({ used }: SessionModel): void {
    for (const [id, { message, qos }] of used.server) {
      // An empty payload has no name by which to know.
      const isShared = message === "" || (this.publications.get(message)?.groups.size ?? 0) > 0;
      if (qos === 1 && isShared) used.server.delete(id);
    }
  }

  private endWill(end: ServerEnd, expiry: number, group: number): void {
    const { will } = end;
    if (will === undefined) return;
    if (!end.isNormal) this.wills.fallDue(will, this.now, expiry, group);
    else if (will.state === "armed") {
      will.state = "never";
      will.group = group;
    }
    if (!end.isAccepted) will.state = "maybe";
  }

  /** A CONNECT may have begun a new session, and nobody was told. */
  private mayHaveRestarted(session: SessionModel): void {
    for (const filter of session.filters.keys()) session.mayLose(filter);
    this.forgive((obligation) => obligation.session === session);
  }

  private restart(session: SessionModel): void {
    session.epoch++;
    session.isPromised = false;
    session.clear();
    session.used.server.clear();
    session.wasStored = false;
    this.forgive((obligation) => obligation.session === session);
  }

  private sessionEnded(session: SessionModel): void {
    session.exists = "no";
    session.clear();
    this.forgive((obligation) => obligation.session === session);
    for (const { groups } of this.publications.values()) for (const members of groups.values()) members.delete(session);
  }

  private pendingOf(end: ServerEnd): Map<number, Publication> {
    let pending = this.pendingAcknowledgements.get(end);
    if (pending === undefined) {
      pending = new Map();
      this.pendingAcknowledgements.set(end, pending);
    }
    return pending;
  }

  /** @param isAgain It may have been routed before, and may be now. */
  private route(publication: Publication, isAgain: boolean): void {
    this.routed++;
    if (publication.firstRouted === 0) {
      publication.firstRouted = this.routed;
      publication.firstRoutedAt = this.now;
    }
    publication.lastRouted = this.routed;
    if (publication.retain && isAgain) this.retained.maySet(publication.topicName, publication.message);
    else if (publication.retain) this.setRetained(publication.topicName, publication.message);
    const before = publication.receivers;
    publication.receivers = [];
    for (const session of this.sessions.values()) {
      this.allow(session, publication);
      if (!this.certainOf(session, publication).some(({ qos }) => qos > 0)) continue;
      if (isAgain && !before.some((one) => one.session === session && one.epoch === session.epoch)) continue;
      publication.receivers.push({ session, epoch: session.epoch, connection: this.connections.get(session) });
    }
  }

  /** What the client may get of it, in each of the ways its subscriptions may be. */
  private allow(session: SessionModel, publication: Publication): void {
    const isOwn = publication.client === session.client;
    const found = session
      .matching(publication.topicName, false)
      .filter(({ subscribed }) => !(isOwn && subscribed.noLocal === true));
    if (found.length > 0) {
      const isExact = found.every(({ certain }) => certain);
      const highest = Math.max(...found.map(({ subscribed }) => subscribed.qos)) as QoS;
      const ids = found.map(({ subscribed }) => subscribed.identifier).filter((id) => id !== 0);
      const copies = publication.copies.get(session.client) ?? [];
      const qos = Math.min(publication.qos, highest) as QoS;
      const retain = publication.retain && found.some(({ subscribed }) => subscribed.retainAsPublished === true);
      const identifiers = ids.sort((a, b) => a - b).join();
      copies.push(isExact ? { qos, identifiers, retain } : { qos: undefined, identifiers: undefined, retain: undefined });
      publication.copies.set(session.client, copies);
    }
    this.allowShared(session, publication);
  }

  private allowShared(session: SessionModel, publication: Publication): void {
    for (const { filter } of session.matching(publication.topicName, true)) {
      const members = publication.groups.get(filter) ?? new Set();
      publication.groups.set(filter, members.add(session));
    }
  }

  /** Subscriptions by which the client surely gets it. */
  private certainOf(session: SessionModel, publication: Publication): { qos: QoS }[] {
    if (session.exists !== "yes") return [];
    const isOwn = publication.client === session.client;
    const found = session.matching(publication.topicName, false);
    // A filter that may be subscribed in another way could change the QoS.
    if (found.some(({ certain }) => !certain)) return [];
    return found
      .filter(({ subscribed }) => !(isOwn && subscribed.noLocal === true))
      .map(({ subscribed }) => ({ qos: Math.min(subscribed.qos, publication.qos) as QoS }));
  }

  private owe(session: SessionModel, publication: Publication, connection: ServerEnd | undefined, isRetained: boolean): void {
    if (publication.expiry > 0) return;
    if (publication.size + OVERHEAD > this.options.maximumPacketSizeOf(session.client)) return;
    if (!isRetained && this.arrivals.has(session.client, publication)) return;
    const obligation: Obligation = { session, epoch: session.epoch, publication, connection, isRetained };
    this.obligations.set(keyOf(session.client, publication, isRetained), obligation);
  }

  private forgive(test: (obligation: Obligation) => boolean): void {
    for (const [key, obligation] of this.obligations) if (test(obligation)) this.obligations.delete(key);
  }

  private setRetained(topicName: string, message: string | undefined): void {
    this.retained.set(topicName, message, this.options.store.writing);
    for (const pending of this.pendingSubscribes) {
      pending.changed.add(topicName);
      this.allowRetained(
        pending,
        topicName,
        pending.subscribed.map(({ topicFilter }) => topicFilter),
      );
    }
  }

  private allowRetained({ session }: PendingSubscribe, topicName: string, filters: readonly string[]): void {
    for (const filter of filters) {
      if (shareOf(filter) !== undefined || !filterMatches(filter, topicName)) continue;
      for (const message of this.retained.possible(topicName)) {
        const copies = this.publications.get(message ?? "")?.retainedCopies;
        copies?.set(session.client, (copies.get(session.client) ?? 0) + 1);
      }
    }
  }

  private oweRetained(end: ServerEnd, pending: PendingSubscribe, filter: string, qos: QoS, handling: 0 | 1 | 2): void {
    if (qos === 0 || handling === 2 || (handling === 1 && !pending.fresh.has(filter)) || shareOf(filter) !== undefined) return;
    for (const topicName of this.retained.topicNames) {
      if (!filterMatches(filter, topicName) || pending.changed.has(topicName)) continue;
      const possible = this.retained.possible(topicName);
      const publication = this.publications.get(possible[0] ?? "");
      if (possible.length === 1 && publication !== undefined && publication.qos > 0)
        this.owe(pending.session, publication, end, true);
    }
  }
}

function keyOf(client: string, publication: Publication, isRetained: boolean): string {
  return `${client} ${publication.message}${isRetained ? " retained" : ""}`;
}
