import {
  type ConnackPacket,
  MqttError,
  type Properties,
  type ProtocolVersion,
  type QoS,
  type SubackPacket,
  type SubscriptionRequest,
  type UnsubackPacket,
} from "@bowline/protocol";
import { type ClientConnection, hasWildcard, matches, overlaps, parseShare, subackCode } from "@bowline/protocol/internal";
import type { InboundMessage } from "./inbound-message.ts";
import { fitsSubscribe, subscribeFault } from "./server-limits.ts";
import type { Keeper } from "./store/keeper.ts";
import type { Subscriber } from "./subscriber.ts";

/** A filter and everybody who subscribed with it: one Subscription at the server. */
interface FilterEntry {
  /** The largest QoS of its users, the other options of the newest. */
  request: SubscriptionRequest;
  /** What topics are matched against: the filter without `$share/NAME/`. */
  readonly matched: string;
  readonly users: Set<Subscriber>;
  /** The server has it, as far as is known. */
  isGranted: boolean;
  /** Subscription Identifier, 0 for none; see `tellApart`. */
  identifier: number;
  /** The server has it without its identifier: asking again must not bring the retained messages again. */
  isRepeat: boolean;
  /** A store had it: it is renewed without a user. */
  readonly isKept: boolean;
  /** The CONNACK says that the server does not take it: it was not asked, and need not be told that nobody wants it. */
  isImpossible: boolean;
}
/** A subscriber of a topic, and the identifier of its first filter that matches. */
interface Receiver {
  readonly subscriber: Subscriber;
  readonly identifier: number;
}
/** One filter of a SUBSCRIBE under way, and who waits for its answer. */
interface Asked {
  readonly entry: FilterEntry;
  readonly users: readonly Subscriber[];
}

/** Filters in one SUBSCRIBE: AWS IoT takes no more than eight. */
const BATCH = 8;
const ROUTES_KEPT = 1000;

/**
 * What the application subscribed to, brought to the server and kept there: at the call, after each loss of the session, and
 * given up when the last user ended. Routes messages to the subscribers, each once.
 */
export class SubscriptionRegistry {
  private readonly entries = new Map<string, FilterEntry>();
  /** Writes what is subscribed to a store. */
  private keeper: Keeper | undefined;
  /** Filters the server may have and nobody wants any more. */
  private readonly unwanted = new Set<string>();
  private engine: ClientConnection | undefined;
  private readonly asked = new Map<number, readonly Asked[]>();
  private readonly leaving = new Map<number, { filters: readonly string[]; confirm: () => void }>();
  private readonly routes = new Map<string, readonly Receiver[]>();
  /** Of the message before: mostly the next one has the same topic. */
  private lastTopic = "";
  private lastRoute: readonly Receiver[] = [];
  private lastIdentifier = 0;
  /** Properties of the CONNACK. */
  private limits: Properties = {};
  private version: number = 5;
  private hasIdentifiers = false;

  /** The server has not answered a SUBSCRIBE. */
  get isAsking(): boolean {
    return this.asked.size > 0;
  }

  get subscribers(): Set<Subscriber> {
    return new Set([...this.entries.values()].flatMap(({ users }) => [...users]));
  }

  /**
   * Hands a message to each subscriber of its topic, once: a server may send a copy for each Subscription that matches (section
   * 3.3.4), and then each copy names its own.
   */
  deliver(message: InboundMessage): void {
    const { topicName } = message;
    if (topicName !== this.lastTopic) {
      this.lastRoute = this.route(topicName);
      this.lastTopic = topicName;
    }
    const named = this.hasIdentifiers ? message.properties.subscriptionIdentifiers : undefined;
    for (const { subscriber, identifier } of this.lastRoute) {
      if (named === undefined || identifier === 0 || named.includes(identifier)) subscriber.deliver(message);
    }
  }

  add(subscriber: Subscriber): void {
    const entries = new Set(subscriber.topicFilters.map((filter) => this.join(filter, subscriber)));
    for (const entry of entries) for (const other of this.tellApart(entry)) entries.add(other);
    this.forgetRoutes();
    this.send([...entries]);
  }

  /** Takes a subscriber out; resolves when the server confirmed, at once without a connection. */
  remove(subscriber: Subscriber): Promise<void> {
    this.forgetRoutes();
    const left: string[] = [];
    for (const filter of subscriber.topicFilters) {
      const entry = this.entries.get(filter);
      if (entry?.users.delete(subscriber) !== true || entry.users.size > 0) continue;
      this.entries.delete(filter);
      this.keeper?.subscription(filter, undefined);
      if (!entry.isImpossible) left.push(filter);
    }
    return left.length === 0 ? Promise.resolve() : this.leave(left);
  }

  /** A store was opened: what it has is renewed when the server forgets it, and what is subscribed is written to it. */
  keep(keeper: Keeper): void {
    this.keeper = keeper;
    for (const { request } of this.entries.values()) keeper.subscription(request.topicFilter, request);
    for (const request of keeper.subscriptions) {
      if (!this.entries.has(request.topicFilter)) this.enter(request, true);
    }
  }

  /** A connection is open. Without a session at the server everything is subscribed anew. */
  connected(engine: ClientConnection, { sessionPresent, properties = {} }: ConnackPacket, version: ProtocolVersion): void {
    this.engine = engine;
    this.limits = properties;
    this.version = version;
    if (!sessionPresent) {
      this.unwanted.clear();
      for (const entry of this.entries.values()) entry.isGranted = entry.isRepeat = false;
    }
    if (this.unwanted.size > 0) void this.leave([...this.unwanted]);
    this.send([...this.entries.values()].filter((entry) => !entry.isGranted));
  }

  /** The connection is gone: what was not answered is asked again at the next one. */
  disconnected(): void {
    this.engine = undefined;
    this.asked.clear();
    for (const { filters, confirm } of this.leaving.values()) {
      for (const filter of filters) if (!this.entries.has(filter)) this.unwanted.add(filter);
      confirm();
    }
    this.leaving.clear();
  }

  subscribed({ packetIdentifier, reasonCodes, properties }: SubackPacket): void {
    const asked = this.asked.get(packetIdentifier) ?? [];
    this.asked.delete(packetIdentifier);
    for (const [index, { entry, users }] of asked.entries()) {
      const reasonCode = reasonCodes[index] ?? 0x80;
      const { topicFilter } = entry.request;
      if (reasonCode < 0x80) {
        entry.isGranted = true;
        for (const user of users) user.granted(topicFilter, reasonCode as QoS);
      } else {
        // The server's words often name the rule that refused.
        const detail = properties?.reasonString === undefined ? topicFilter : `${topicFilter}: ${properties.reasonString}`;
        refuse(users, new MqttError(subackCode(reasonCode, this.version), { reasonCode, detail }));
      }
    }
  }

  unsubscribed({ packetIdentifier }: UnsubackPacket): void {
    this.leaving.get(packetIdentifier)?.confirm();
    this.leaving.delete(packetIdentifier);
  }

  private join(topicFilter: string, subscriber: Subscriber): FilterEntry {
    const { qos = 0, noLocal = false, retainAsPublished = false, retainHandling = 0 } = subscriber.options;
    let entry = this.entries.get(topicFilter);
    const request = { topicFilter, qos: Math.max(qos, entry?.request.qos ?? 0) as QoS, noLocal, retainAsPublished, retainHandling };
    entry ??= this.enter(request, false);
    entry.request = request;
    entry.isGranted = entry.isRepeat = false;
    this.keeper?.subscription(topicFilter, request);
    entry.users.add(subscriber);
    this.unwanted.delete(topicFilter);
    return entry;
  }

  private enter(request: SubscriptionRequest, isKept: boolean): FilterEntry {
    const { topicFilter } = request;
    const matched = parseShare(topicFilter)?.topicFilter ?? topicFilter;
    const at = { identifier: 0, isRepeat: false, isImpossible: false };
    const entry: FilterEntry = { request, matched, users: new Set(), isGranted: isKept, isKept, ...at };
    this.entries.set(topicFilter, entry);
    return entry;
  }

  private forgetRoutes(): void {
    this.routes.clear();
    this.lastTopic = "";
  }

  /** Subscribers of the topic. The answer is cached until the set of filters changes. */
  private route(topicName: string): readonly Receiver[] {
    const known = this.routes.get(topicName);
    if (known !== undefined) return known;
    const found = new Map<Subscriber, number>();
    for (const { matched, users, identifier } of this.entries.values()) {
      if (matches(matched, topicName)) for (const user of users) if (!found.has(user)) found.set(user, identifier);
    }
    if (this.routes.size >= ROUTES_KEPT) this.routes.clear();
    const route = [...found].map(([subscriber, identifier]) => ({ subscriber, identifier }));
    this.routes.set(topicName, route);
    return route;
  }

  /**
   * Filters that can match the same topic get identifiers, since some servers send a copy for each. All others go without: an
   * identifier makes every message longer. Answers those that the server must be asked for again.
   */
  private tellApart(entry: FilterEntry): FilterEntry[] {
    const again: FilterEntry[] = [];
    for (const other of this.entries.values()) {
      if (other === entry || !mayOverlap(entry, other)) continue;
      entry.identifier ||= ++this.lastIdentifier;
      this.hasIdentifiers = true;
      if (other.identifier !== 0) continue;
      other.identifier = ++this.lastIdentifier;
      other.isRepeat = other.isGranted;
      other.isGranted = false;
      again.push(other);
    }
    return again;
  }

  private send(entries: readonly FilterEntry[]): void {
    if (this.engine === undefined) return;
    const propertiesOf = ({ identifier }: FilterEntry): Properties | undefined =>
      this.version === 5 && this.limits.subscriptionIdentifierAvailable !== 0 && identifier !== 0
        ? { subscriptionIdentifiers: [identifier] }
        : undefined;
    const isTaken = (entry: FilterEntry): boolean => this.isTaken(entry, propertiesOf(entry));
    let batch: FilterEntry[] = [];
    for (const entry of entries.filter(isTaken)) {
      // Its last user may have gone with another filter that was refused.
      if (entry.users.size === 0 && !entry.isKept) continue;
      const properties = propertiesOf(entry);
      // An identifier belongs to all filters of its SUBSCRIBE (section 3.8.2.1.2), so these go one by one.
      if (properties !== undefined) this.ask([entry], properties);
      else if (batch.length === BATCH || !this.fits([...batch, entry])) {
        this.ask(batch);
        batch = [entry];
      } else batch.push(entry);
    }
    if (batch.length > 0) this.ask(batch);
  }

  private fits(entries: readonly FilterEntry[]): boolean {
    return fitsSubscribe(
      entries.map(({ request }) => request),
      undefined,
      this.limits,
    );
  }

  /** Refuses in the server's place what its CONNACK excludes. */
  private isTaken(entry: FilterEntry, properties: Properties | undefined): boolean {
    const fault = subscribeFault(entry.request, properties, this.limits);
    entry.isImpossible = fault !== undefined;
    if (fault !== undefined) refuse(entry.users, fault);
    return fault === undefined;
  }

  private ask(entries: readonly FilterEntry[], properties?: Properties): void {
    const requests = entries.map(({ request, isRepeat }) => (isRepeat ? { ...request, retainHandling: 2 as const } : request));
    const id = this.engine?.subscribe(requests, properties);
    if (id === 0) for (const { users } of entries) refuse(users, new MqttError("IDENTIFIERS_EXHAUSTED"));
    else if (id !== undefined) {
      this.asked.set(
        id,
        entries.map((entry) => ({ entry, users: [...entry.users] })),
      );
    }
  }

  /** In pieces as they were subscribed, since a server's limits hold for UNSUBSCRIBE too. */
  private async leave(filters: readonly string[]): Promise<void> {
    const size = this.limits.maximumPacketSize === undefined ? BATCH : 1;
    const pieces: Promise<void>[] = [];
    for (let at = 0; at < filters.length; at += size) pieces.push(this.leavePiece(filters.slice(at, at + size)));
    await Promise.all(pieces);
  }

  /** 0 when it cannot be said now; then it is tried again at the next connection. */
  private unsubscribe(filters: readonly string[]): number {
    try {
      return this.engine?.unsubscribe(filters) ?? 0;
    } catch {
      // Too large for this server.
      return 0;
    }
  }

  private leavePiece(filters: readonly string[]): Promise<void> {
    const id = this.unsubscribe(filters);
    for (const filter of filters) {
      if (id === 0) this.unwanted.add(filter);
      else this.unwanted.delete(filter);
    }
    if (id === 0) return Promise.resolve();
    return new Promise((confirm) => this.leaving.set(id, { filters, confirm }));
  }
}

function refuse(users: Iterable<Subscriber>, error: MqttError): void {
  for (const user of users) user.refused(error);
}

/** Two different filters without wildcards never match the same topic; programs with many filters have mostly such. */
function mayOverlap({ matched: one }: FilterEntry, { matched: other }: FilterEntry): boolean {
  return one === other || ((hasWildcard(one) || hasWildcard(other)) && overlaps(one, other));
}
