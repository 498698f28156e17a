import { MqttError, type QoS, type SubackPacket, type SubscriptionRequest, type UnsubackPacket } from "@bowline/protocol";
import { type ClientConnection, matches, parseShare, subackCode } from "@bowline/protocol/internal";
import type { InboundMessage } from "./inbound-message.ts";
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
  /** Filters the server may have and nobody wants any more. */
  private readonly unwanted = new Set<string>();
  private engine: ClientConnection | undefined;
  private readonly asked = new Map<number, readonly Asked[]>();
  private readonly leaving = new Map<number, { filters: readonly string[]; confirm: () => void }>();
  private readonly routes = new Map<string, readonly Subscriber[]>();

  get subscribers(): Set<Subscriber> {
    return new Set([...this.entries.values()].flatMap(({ users }) => [...users]));
  }

  /** Subscribers of the topic. The answer is cached until the set of filters changes. */
  route(topicName: string): readonly Subscriber[] {
    const known = this.routes.get(topicName);
    if (known !== undefined) return known;
    const found = new Set<Subscriber>();
    for (const { matched, users } of this.entries.values()) {
      if (matches(matched, topicName)) for (const user of users) found.add(user);
    }
    if (this.routes.size >= ROUTES_KEPT) this.routes.clear();
    const route = [...found];
    this.routes.set(topicName, route);
    return route;
  }

  deliver(message: InboundMessage): void {
    for (const subscriber of this.route(message.topicName)) subscriber.deliver(message);
  }

  add(subscriber: Subscriber): void {
    const entries = subscriber.topicFilters.map((filter) => this.join(filter, subscriber));
    this.routes.clear();
    this.send(entries);
  }

  /** Takes a subscriber out; resolves when the server confirmed, at once without a connection. */
  remove(subscriber: Subscriber): Promise<void> {
    this.routes.clear();
    const left: string[] = [];
    for (const filter of subscriber.topicFilters) {
      const entry = this.entries.get(filter);
      if (entry?.users.delete(subscriber) !== true || entry.users.size > 0) continue;
      this.entries.delete(filter);
      left.push(filter);
    }
    return left.length === 0 ? Promise.resolve() : this.leave(left);
  }

  /** A connection is open. Without a session at the server everything is subscribed anew. */
  connected(engine: ClientConnection, sessionPresent: boolean): void {
    this.engine = engine;
    if (!sessionPresent) {
      this.unwanted.clear();
      for (const entry of this.entries.values()) entry.isGranted = false;
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

  subscribed({ packetIdentifier, reasonCodes }: SubackPacket): void {
    const asked = this.asked.get(packetIdentifier) ?? [];
    this.asked.delete(packetIdentifier);
    for (const [index, { entry, users }] of asked.entries()) {
      const reasonCode = reasonCodes[index] ?? 0x80;
      const { topicFilter } = entry.request;
      if (reasonCode < 0x80) {
        entry.isGranted = true;
        for (const user of users) user.granted(topicFilter, reasonCode as QoS);
      } else {
        const error = new MqttError(subackCode(reasonCode), { reasonCode, detail: topicFilter });
        for (const user of users) user.refused(error);
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
    if (entry === undefined) {
      entry = { request, matched: parseShare(topicFilter)?.topicFilter ?? topicFilter, users: new Set(), isGranted: false };
      this.entries.set(topicFilter, entry);
    }
    entry.request = request;
    entry.users.add(subscriber);
    this.unwanted.delete(topicFilter);
    return entry;
  }

  private send(entries: readonly FilterEntry[]): void {
    const { engine } = this;
    if (engine === undefined) return;
    for (let at = 0; at < entries.length; at += BATCH) {
      const batch = entries.slice(at, at + BATCH);
      const id = engine.subscribe(batch.map(({ request }) => request));
      if (id === 0) for (const { users } of batch) for (const user of users) user.refused(new MqttError("IDENTIFIERS_EXHAUSTED"));
      else
        this.asked.set(
          id,
          batch.map((entry) => ({ entry, users: [...entry.users] })),
        );
    }
  }

  private leave(filters: readonly string[]): Promise<void> {
    const id = this.engine?.unsubscribe(filters) ?? 0;
    for (const filter of filters) {
      if (id === 0) this.unwanted.add(filter);
      else this.unwanted.delete(filter);
    }
    if (id === 0) return Promise.resolve();
    return new Promise((confirm) => this.leaving.set(id, { filters, confirm }));
  }
}
