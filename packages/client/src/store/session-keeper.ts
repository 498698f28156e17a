import { MqttError, type SubscriptionRequest } from "@bowline/protocol";
import { type Clock, type OutboundEntry, OutboundState, pushQueue, shiftQueue } from "@bowline/protocol/internal";
import type { PendingPublication } from "../publication.ts";
import type { Dialer } from "../transport/transport.ts";
import { type Commits, type Gate, gatedDialer } from "./gated-transport.ts";
import type { KeptOutbox, Keeper, TicketHolder } from "./keeper.ts";
import { LoadedSession } from "./loaded-session.ts";
import type { SessionStore } from "./session-store.ts";
import { asStoreError } from "./store-error.ts";
import * as records from "./stored-records.ts";

/** What `close` waits for the store. */
const CLOSE_MS = 5000;

/** An inbound QoS 2 message that the application has not handled. */
interface Held {
  readonly packetIdentifier: number;
  /** Lets the PUBREC of a later connection go, on which it came again. */
  again: (() => void) | undefined;
}

/**
 * Writes the session of a client to its store, in groups: while one is written, the next gathers. Keeps no copy of what is
 * stored but the keys it must find again.
 *
 * Invariants: groups are written one after the other, so what is kept is always a past state of the session, whole; a publication
 * is told that it is stored after the group with its message; a group that failed is written again with the next one, but
 * for its new publications, which fail: nothing that was told as kept is lost to an error.
 */
export class SessionKeeper implements Keeper, Commits {
  clientId: string;
  /** The server had the session at some time: what was never there cannot be lost. */
  private wasConnected: boolean;
  readonly hadSubscriptions: boolean;
  readonly subscriptions: readonly SubscriptionRequest[];
  needed = 0;
  committed = 0;
  gate: Gate | undefined = undefined;
  private readonly store: SessionStore;
  private readonly outbox: KeptOutbox;
  private readonly clock: Clock;
  private isClosed = false;
  /** Changes of the group that gathers. */
  private pending = new Map<string, Uint8Array | undefined>();
  /** New publications of the group that gathers. */
  private kept: PendingPublication[] = [];
  /** Number of the group that gathers. */
  private group = 1;
  private writing: Promise<void> | undefined;
  /** Sequences that have a record of their way. */
  private readonly ways: Set<number>;
  /** Packet Identifiers that have a record. */
  private readonly inboundIds: Set<number>;
  private readonly held = new Map<number, Held>();
  private readonly tickets = new WeakMap<TicketHolder, Map<number, Held>>();

  private constructor(store: SessionStore, outbox: KeptOutbox, clock: Clock, loaded: LoadedSession, clientId: string) {
    this.store = store;
    this.outbox = outbox;
    this.clock = clock;
    this.clientId = clientId;
    this.subscriptions = loaded.subscriptions;
    this.wasConnected = loaded.wasConnected;
    this.hadSubscriptions = loaded.wasConnected && loaded.subscriptions.length > 0;
    this.ways = loaded.ways;
    this.inboundIds = loaded.inboundIds;
    if (loaded.clientId !== clientId) this.keepSession();
  }

  /**
   * Opens the store and puts what it has before what the outbox took meanwhile.
   *
   * @param given The identifier that the application asks for.
   * @param fresh The one to take where neither the application nor the store has one.
   * @throws MqttError OPTION_INVALID when the store has another client's session; what `SessionStore.open` throws
   */
  static async open(
    store: SessionStore,
    outbox: KeptOutbox,
    given: string | undefined,
    fresh: string,
    clock: Clock,
  ): Promise<SessionKeeper> {
    const found = await store.open();
    try {
      const loaded = new LoadedSession(store.name, found);
      if (given !== undefined && loaded.clientId !== undefined && loaded.clientId !== given) {
        const detail = `the store ${store.name} has the session of client ${loaded.clientId}`;
        throw new MqttError("OPTION_INVALID", { detail });
      }
      const keeper = new SessionKeeper(store, outbox, clock, loaded, given ?? loaded.clientId ?? fresh);
      keeper.take(loaded);
      return keeper;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  gated(dial: Dialer): Dialer {
    return gatedDialer(dial, this);
  }

  keep(publication: PendingPublication): void {
    if (publication.qos === 0) {
      // It is sent at most once: nothing would be done with it after a crash.
      publication.accept();
      return;
    }
    this.kept.push(publication);
    this.change(records.messageKey(publication.sequence), records.encodeMessage(publication));
  }

  moved(entry: OutboundEntry): void {
    this.ways.add(entry.sequence);
    // PUBREL never needs the message again.
    if (entry.state === OutboundState.AwaitingPubcomp) this.change(records.messageKey(entry.sequence), undefined);
    this.changeFirst(records.wayKey(entry.sequence), records.encodeWay(entry));
  }

  drop({ sequence, qos, state }: PendingPublication): void {
    if (qos === 0) return;
    if (state !== OutboundState.AwaitingPubcomp) this.change(records.messageKey(sequence), undefined);
    if (this.ways.delete(sequence)) this.change(records.wayKey(sequence), undefined);
  }

  inbound(packetIdentifier: number, ticket: number, connection: TicketHolder): void {
    const held = { packetIdentifier, again: undefined };
    this.held.set(packetIdentifier, held);
    if (ticket === 0) this.handled(held);
    else {
      let ofConnection = this.tickets.get(connection);
      if (ofConnection === undefined) this.tickets.set(connection, (ofConnection = new Map<number, Held>()));
      ofConnection.set(ticket, held);
    }
  }

  settled(ticket: number, connection: TicketHolder): void {
    const ofConnection = this.tickets.get(connection);
    const held = ofConnection?.get(ticket);
    if (held === undefined) return;
    ofConnection?.delete(ticket);
    this.handled(held);
  }

  repeated(packetIdentifier: number, connection: TicketHolder): number {
    const held = this.held.get(packetIdentifier);
    if (held === undefined) return 0;
    const ticket = connection.takeTicket();
    const { again } = held;
    held.again = () => {
      again?.();
      connection.settle(ticket);
    };
    return ticket;
  }

  freed(packetIdentifier: number): void {
    this.held.delete(packetIdentifier);
    if (this.inboundIds.delete(packetIdentifier)) this.changeFirst(records.inboundKey(packetIdentifier), undefined);
  }

  subscription(topicFilter: string, request: SubscriptionRequest | undefined): void {
    this.change(records.subscriptionKey(topicFilter), request && records.encodeJson(request));
  }

  connected(clientId: string, sessionPresent: boolean): void {
    if (clientId !== this.clientId || !this.wasConnected) {
      this.clientId = clientId;
      this.wasConnected = true;
      this.keepSession();
    }
    if (!sessionPresent) this.forgetExchanges();
  }

  start(): void {
    this.writing ??= Promise.resolve().then(() => this.writeGroups());
  }

  flush(limitMs: number): Promise<void> {
    return this.within(limitMs, this.writeAll());
  }

  close(): Promise<void> {
    return this.within(CLOSE_MS, this.closeStore());
  }

  /** A disk that hangs shall not hang the program. */
  private within(limitMs: number, done: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.clock.setTimer(resolve, limitMs);
      void done.then(() => {
        this.clock.clearTimer(timer);
        resolve();
      });
    });
  }

  private async writeAll(): Promise<void> {
    if (this.pending.size > 0) this.start();
    await this.writing;
  }

  private async closeStore(): Promise<void> {
    await this.writeAll();
    this.isClosed = true;
    await this.store.close().catch(() => undefined);
  }

  /** What was found goes first; what was published meanwhile is numbered after it. */
  private take(loaded: LoadedSession): void {
    const { session } = this.outbox;
    const since: PendingPublication[] = [];
    for (let next = shiftQueue(session); next !== undefined; next = shiftQueue(session)) since.push(next as PendingPublication);
    for (const publication of loaded.publications) {
      publication.accept();
      this.outbox.adopt(publication);
      const { packetIdentifier, state } = publication;
      if (packetIdentifier === 0) pushQueue(session, publication);
      else session.inFlight.put(packetIdentifier, state, publication);
    }
    for (const id of loaded.inboundIds) session.inbound.add(id);
    session.nextSequence = loaded.nextSequence;
    for (const publication of since) {
      publication.sequence = session.nextSequence++;
      pushQueue(session, publication);
      this.keep(publication);
    }
  }

  /** The server began a new session: what was in flight is queued again or lost, and identifiers mean nothing any more. */
  private forgetExchanges(): void {
    const { session } = this.outbox;
    const inFlight = new Set<number>();
    session.inFlight.forEach((_id, _state, entry) => entry !== undefined && inFlight.add(entry.sequence));
    for (const sequence of this.ways) {
      if (inFlight.has(sequence)) continue;
      this.ways.delete(sequence);
      this.changeFirst(records.wayKey(sequence), undefined);
    }
    for (const id of this.inboundIds) {
      if (session.inbound.has(id)) continue;
      this.inboundIds.delete(id);
      this.changeFirst(records.inboundKey(id), undefined);
    }
    for (const id of this.held.keys()) if (!session.inbound.has(id)) this.held.delete(id);
  }

  /** The identifier is written when the application is done with the message: a crash before brings it again. */
  private handled(held: Held): void {
    const { packetIdentifier } = held;
    if (this.held.get(packetIdentifier) !== held) return;
    this.held.delete(packetIdentifier);
    if (this.outbox.session.inbound.has(packetIdentifier)) {
      this.inboundIds.add(packetIdentifier);
      this.changeFirst(records.inboundKey(packetIdentifier), records.NO_VALUE);
    }
    held.again?.();
  }

  private keepSession(): void {
    const { clientId, wasConnected } = this;
    this.change(records.SESSION_KEY, records.encodeJson({ clientId, wasConnected }));
  }

  /** What is sent from now on leaves after this is kept. */
  private changeFirst(key: string, value: Uint8Array | undefined): void {
    this.needed = this.group;
    this.change(key, value);
  }

  private change(key: string, value: Uint8Array | undefined): void {
    if (this.isClosed) return;
    this.pending.set(key, value);
    this.start();
  }

  private async writeGroups(): Promise<void> {
    let isWell = true;
    while (isWell && this.pending.size > 0) {
      const { pending, kept } = this;
      const number = this.group++;
      this.pending = new Map();
      this.kept = [];
      try {
        // oxlint-disable-next-line no-await-in-loop -- One group after the other is the point.
        await this.store.write([...pending]);
        this.succeeded(number, kept);
      } catch (error) {
        // Not again at once: with the next change, or when something must leave.
        isWell = false;
        this.failed(pending, kept, asStoreError(this.store.name, error));
      }
    }
    this.writing = undefined;
  }

  private succeeded(number: number, kept: readonly PendingPublication[]): void {
    this.committed = number;
    this.gate?.committed();
    for (const publication of kept) publication.accept();
  }

  private failed(changes: Map<string, Uint8Array | undefined>, kept: readonly PendingPublication[], error: MqttError): void {
    const isNeeded = this.needed > this.committed;
    const owed = new Map<string, Uint8Array | undefined>([...changes, ...this.pending]);
    this.pending = owed;
    if (isNeeded) this.gate?.failed(error);
    for (const publication of kept) {
      this.outbox.unkept(publication, error);
      this.ways.delete(publication.sequence);
      owed.delete(records.messageKey(publication.sequence));
      owed.delete(records.wayKey(publication.sequence));
    }
    this.needed = owed.size > 0 ? this.group : this.committed;
  }
}
