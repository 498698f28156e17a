import { MqttError, type QoS } from "@bowline/protocol";
import {
  type Clock,
  Later,
  parseShare,
  type PublishAnswer,
  type PublishOffsets,
  ReasonCode,
  type RetainedEntry,
  RetainedIndex,
  RouteCache,
  SharedGroup,
  SubscriptionTrie,
  decodeText,
} from "@bowline/protocol/internal";
import { type AccessControl, publishBit } from "../acl/access-control.ts";
import type { Journal } from "../messages/journal.ts";
import type { KeptEntry } from "../messages/kept-entry.ts";
import type { KeptMessage } from "../messages/kept-message.ts";
import type { Counters } from "../metrics/counters.ts";
import type { DropLedger } from "../metrics/drop-ledger.ts";
import type { Session, Subscription } from "../sessions/session.ts";
import type { SessionConnection } from "../sessions/session-connection.ts";
import { Delivery, type DeliveryLimits } from "./delivery.ts";
import type { Deviations } from "../realtime/aws-iot-profile.ts";
import { mayDeliver } from "./may-deliver.ts";
import { MemberChoice } from "./member-choice.ts";
import type { Publisher } from "./publisher.ts";
import { denialOf, refusedOf, unsupported } from "./publish-refusal.ts";
import { RetainedExpiry } from "./retained-expiry.ts";
import { type RetainedLimits, RetainedRoom } from "./retained-room.ts";
import { isParentOf, isRouteOf, makeRoute, type Route, someMember, type Target } from "./route.ts";
import { type InAnotherTurn, RoutingTurn } from "./routing-turn.ts";
import type { SharedSubscriber, Subscriber } from "./subscriber.ts";
import { WithheldLedger } from "./withheld-ledger.ts";

export interface RouterOptions {
  tenant: string;
  journal: Journal;
  counters: Counters;
  drops: DropLedger;
  clock: Clock;
  access: AccessControl;
  limits: DeliveryLimits &
    RetainedLimits & {
      /** Bytes of messages that storage has not kept yet, beyond which publishers of more wait. */
      deviations: Pick<Deviations, "hashMatchesParent">;
      maximumUnkeptBytes: number;
      /** Bytes of a Topic Name; longer ones are refused with 0x90. */
      maximumTopicBytes: number;
      /** Levels of a topic; deeper ones are refused with 0x90. */
      maximumTopicLevels: number;
      /** What clients may publish with, section 3.2.2.3.4. */
      maximumQoS: QoS;
      /** Whether clients may publish retained messages, section 3.2.2.3.5. */
      retainAvailable: boolean;
    };
}

/**
 * From a published message to the Sessions that get it, within one tenant. Owns subscriptions, routes and retained messages.
 */
export class Router {
  readonly retained: RetainedIndex<KeptMessage> = new RetainedIndex();
  /** Subscriptions of all Sessions. */
  subscriptionCount = 0;
  /** What the broker says of itself, see `publishSystem`. */
  private system: RetainedIndex<KeptMessage> = new RetainedIndex();
  private readonly options: RouterOptions;
  private readonly trie = new SubscriptionTrie<Subscriber>();
  private readonly shared = new Map<string, SharedSubscriber>();
  private readonly cache = new RouteCache<Route>();
  private readonly delivery: Delivery;
  private readonly choice: MemberChoice;
  private readonly expiry = new RetainedExpiry();
  private readonly retainedRoom = new RetainedRoom();
  private readonly turn: RoutingTurn;
  private readonly withheld = new WithheldLedger();
  /** Moves with every subscription and right: routes of an older one are worked out again when next used. */
  private generation = 1;
  private rightsVersion = 1;

  constructor(options: RouterOptions) {
    this.options = options;
    const { journal, limits } = options;
    this.delivery = new Delivery(options);
    this.turn = new RoutingTurn(options.clock);
    this.choice = new MemberChoice(journal.storage, limits.maximumBufferedBytes);
  }

  /** Bytes of topics, payloads and properties of the retained messages. */
  get retainedBytes(): number {
    return this.retainedRoom.bytes;
  }

  /** Adds the subscription, in place of an earlier one of the same Session and Topic Filter. Answers whether it is new. */
  subscribe(subscription: Subscription): boolean {
    const { session, topicFilter } = subscription;
    const old = session.subscriptions.get(topicFilter);
    if (old === undefined) this.subscriptionCount++;
    else this.remove(old);
    session.addSubscription(subscription);
    const share = parseShare(topicFilter);
    if (share === undefined) this.trie.add(topicFilter, subscription);
    else this.joinGroup(topicFilter, share.topicFilter, subscription);
    this.generation++;
    return old === undefined;
  }

  /** False when there was no such subscription. */
  unsubscribe(session: Session, topicFilter: string): boolean {
    const old = session.subscriptions.get(topicFilter);
    if (old === undefined) return false;
    session.removeSubscription(topicFilter);
    this.subscriptionCount--;
    this.remove(old);
    this.generation++;
    return true;
  }

  unsubscribeAll(session: Session): void {
    // Clients that come and go without a subscription must not cost all others their routes.
    if (session.subscriptions.size === 0) return;
    for (const subscription of session.subscriptions.values()) this.remove(subscription);
    this.subscriptionCount -= session.subscriptions.size;
    session.removeSubscriptions();
    this.generation++;
  }

  /** Routes a PUBLISH, or a run of QoS 0 ones, that a connection received. */
  publish(from: Publisher, chunk: Uint8Array, offsets: PublishOffsets): PublishAnswer {
    let route = from.lastRoute;
    if (
      route === undefined ||
      route.generation !== this.generation ||
      !isRouteOf(route, this.cache, offsets.topic, offsets.topicStart, offsets.topicEnd)
    ) {
      if (this.turn.isOver) {
        from.awaitTurn(this.turn);
        return Later;
      }
      route = this.routeOf(offsets.topic, offsets.topicStart, offsets.topicEnd);
      from.lastRoute = route;
      from.lastRouteRefused = refusedOf(route, from.session!.rights);
    }
    if (from.lastRouteRefused !== 0) {
      const denial = denialOf(from.lastRouteRefused, offsets);
      if (denial !== 0) {
        if (from.asksFirst(route.topicName, offsets)) {
          from.lastRoute = undefined;
          route.askedBy = undefined;
          return Later;
        }
        this.options.counters.publishesDenied += offsets.count;
        if (route.isTooDeep) this.options.counters.topicsTooDeep += offsets.count;
        return -denial;
      }
      if (route.withheld !== undefined) this.withheld.count(route.withheld, offsets.count);
    }
    this.options.counters.messagesReceived += offsets.count;
    if (offsets.qos === 0 && !offsets.retain) {
      this.fanOut(from, route, chunk, offsets);
      return 0;
    }
    return this.publishKept(from, route, chunk, offsets);
  }

  /** The same for a client of a tenant that says who sent a message: each copy is written with that property. */
  publishStamped(from: Publisher, chunk: Uint8Array, offsets: PublishOffsets, stamp: Uint8Array): PublishAnswer {
    offsets.needsRewrite = true;
    this.delivery.stamp = stamp;
    try {
      return this.publish(from, chunk, offsets);
    } finally {
      this.delivery.stamp = undefined;
    }
  }

  /** Publishes a message of the broker itself: a will, or one given to its API. Answers the commit number it waits for. */
  publishMessage(message: KeptMessage, retain: boolean, from: Session | undefined): number {
    const route = this.routeOf(message.topicName, 0, message.topicName.length);
    const { delivery } = this;
    this.refuseUnkept(route, message.qos, retain && message.payload.length > 0, from);
    message.references++;
    delivery.fromMessage(route, message, retain);
    // Nobody is there to be told of a will that is not retained: it is published, and counted.
    const size = message.topicName.length + message.payload.length;
    const isKept = retain && (message.payload.length === 0 || this.hasRetainedRoom(route.topicName, size));
    const retained = isKept ? this.setRetained(route, message) : 0;
    this.deliver(route, from);
    if (route.withheld !== undefined) this.withheld.count(route.withheld, 1);
    const commit = Math.max(retained, delivery.commit);
    delivery.end();
    this.options.journal.release(message);
    return commit;
  }

  /**
   * Publishes what the broker says of itself (`$SYS/...`), at QoS 0: new subscribers get it as a retained message, and it is never stored,
   * since it is of this process. What has not changed is not said again.
   */
  publishSystem(message: KeptMessage): void {
    const { topicName: topic, payload } = message;
    const route = this.routeOf(topic, 0, topic.length);
    const old = this.system.get(route.topicName);
    if (old !== undefined && Buffer.compare(old.payload, payload) === 0) return;
    this.system.set(route.topicName, message);
    this.delivery.fromMessage(route, message, true);
    this.deliver(route, undefined);
    if (route.withheld !== undefined) this.withheld.count(route.withheld, 1);
    this.delivery.end();
  }

  /** Nothing is known of the broker any more. */
  forgetSystem(): void {
    this.system = new RetainedIndex();
  }

  /**
   * Sends the retained messages that a new subscription asks for, section 3.8.3.1 and [MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11].
   *
   * @param later Runs what is too much for this turn of the event loop in another.
   */
  sendRetained(subscription: Subscription, isNew: boolean, later: InAnotherTurn): void {
    const { topicFilter, retainHandling } = subscription;
    if (retainHandling === 2 || (retainHandling === 1 && !isNew)) return;
    if (topicFilter.startsWith("$SYS/")) this.sendSystem(subscription);
    if (this.retained.size === 0) return;
    // Section 4.8.2: no retained messages for a shared subscription.
    if (parseShare(topicFilter) !== undefined) return;
    this.sendPortion(subscription, this.retained.matching(topicFilter), later);
  }

  /** The rest follows as long as the Subscription is there, whoever speaks for its Session by then. */
  private sendPortion(subscription: Subscription, entries: Iterator<RetainedEntry<KeptMessage>, void>, later: InAnotherTurn): void {
    const now = this.options.clock.wallTime();
    for (let i = 0; i < RETAINED_A_TURN; i++) {
      const { value: entry } = entries.next();
      if (entry === undefined) return;
      this.sendRetainedOne(subscription, entry.topicName, entry.value, now);
    }
    later(() => {
      const isThere = subscription.session.subscriptions.get(subscription.topicFilter) === subscription;
      if (isThere) this.sendPortion(subscription, entries, later);
    });
  }

  private sendRetainedOne(subscription: Subscription, topicName: string, message: KeptMessage, now: number): void {
    const { session, topicFilter, qos, subscriptionIdentifier } = subscription;
    if (!this.options.limits.deviations.hashMatchesParent && isParentOf(topicName, topicFilter)) return;
    if (message.expiresAt !== 0 && message.expiresAt <= now) {
      this.dropRetained(topicName, message);
      return;
    }
    if (!mayDeliver(subscription, topicName)) return this.withheld.countOne(topicName, subscription);
    if (this.isRevoked(topicName, message)) return;
    const ids = subscriptionIdentifier === 0 ? NONE : [subscriptionIdentifier];
    this.delivery.keptTo(session, message, message.qos < qos ? message.qos : qos, true, ids);
  }

  private sendSystem(subscription: Subscription): void {
    const { session, topicFilter, subscriptionIdentifier } = subscription;
    const ids = subscriptionIdentifier === 0 ? NONE : [subscriptionIdentifier];
    this.system.match(topicFilter, (message, topicName) => {
      if (!mayDeliver(subscription, topicName)) return this.withheld.countOne(topicName, subscription);
      this.delivery.keptTo(session, message, 0, true, ids);
    });
  }

  /** Whether anybody has subscribed to the topic. */
  hasSubscribers(topicName: string): boolean {
    const topic = new TextEncoder().encode(topicName);
    const { targets, groups } = this.routeOf(topic, 0, topic.length);
    return targets.length > 0 || groups.length > 0;
  }

  /** Puts back a retained message at start. */
  restoreRetained(message: KeptMessage): void {
    const topicName = decodeText(message.topicName, 0, message.topicName.length);
    message.references++;
    this.retained.set(topicName, message);
    this.retainedRoom.added(message);
    this.expiry.changed(topicName, message.expiresAt !== 0);
  }

  /** Forgets retained messages that have expired, so many at a time, and tells what was withheld. */
  sweep(): void {
    this.withheld.tell();
    const now = this.options.clock.wallTime();
    this.expiry.step((topicName) => {
      const message = this.retained.get(topicName);
      if (message !== undefined && message.expiresAt !== 0 && message.expiresAt <= now) this.dropRetained(topicName, message);
    });
  }

  /**
   * Gives a copy that a member of a shared subscription did not take to another one; false when there is none for it.
   *
   * @param isKept Whether its Session lasts and keeps it: then it waits there for its client, unless another such Session is connected.
   */
  dispatchAgain(entry: KeptEntry, message: KeptMessage, from: Session, isKept: boolean): boolean {
    const subscriber = this.shared.get(entry.group!);
    const isExpired = message.expiresAt !== 0 && message.expiresAt <= this.options.clock.wallTime();
    if (subscriber === undefined || isExpired) return false;
    const { group, name } = subscriber;
    const { topicName: topic, qos } = message;
    const topicName = decodeText(topic, 0, topic.length);
    const member = isKept ? this.choice.chooseHeir(group, topicName, qos, from) : this.choice.choose(group, topicName, qos, from);
    if (member === undefined || (isKept && !this.delivery.hasRoom(member.session))) return false;
    const { commit, retain } = entry;
    // What a full disk owes has no number yet; its message was kept before.
    const isWaiting = commit > this.options.journal.storage.committed && commit !== Number.POSITIVE_INFINITY;
    this.delivery.againTo(member, message, retain, name, isWaiting ? commit : 0);
    return true;
  }

  /** The limits are others from the next message on. */
  limitsChanged(limits: RouterOptions["limits"]): void {
    this.options.limits = limits;
    this.delivery.limitsChanged(limits);
    this.choice.maximumBufferedBytes = limits.maximumBufferedBytes;
    // Routes hold whether their topic has too many levels.
    this.generation++;
  }

  /** The rights of one Session have changed: every route is worked out again. */
  routesChanged(): void {
    this.generation++;
  }

  /** Rules have changed: every route is worked out again, and each retained message is held against its publisher's rights. */
  accessChanged(): void {
    this.generation++;
    this.rightsVersion++;
  }

  /** A run goes by one copy to every receiver that speaks the same version and needs nothing of its own in the packet. */
  private fanOut(from: Publisher, route: Route, chunk: Uint8Array, offsets: PublishOffsets): void {
    const { targets } = route;
    const fromFive = from.sender.version === 5;
    const { session } = from;
    for (let i = 0; i < targets.length; i++) {
      const listed = targets[i]!;
      const target = listed.session === session ? listed.own : listed;
      if (target === undefined) continue;
      const connection = target.session.online;
      if (connection === undefined) continue;
      const toFive = connection.sender.version === 5;
      const isItsOwn = toFive && (target.subscriptionIdentifiers.length > 0 || connection.sender.usesAliases);
      if (toFive !== fromFive || offsets.needsRewrite || isItsOwn) {
        this.fanOutEach(target, chunk, offsets, route);
      } else this.copyRun(target.session, connection, chunk, offsets);
    }
    if (route.groups.length > 0) this.fanOutShared(route, chunk, offsets);
  }

  private copyRun(session: Session, connection: SessionConnection, chunk: Uint8Array, offsets: PublishOffsets): void {
    const { counters, drops } = this.options;
    const { packetStart, packetEnd, count } = offsets;
    if (connection.isCongested && this.delivery.isBehind(session, connection)) drops.count(session, "slowClient", count);
    else if (offsets.payloadEnd - packetStart > connection.sender.maximumPacketSize) drops.count(session, "tooLarge", count);
    else {
      connection.sender.publishRun(chunk, packetStart, packetEnd);
      counters.messagesSent += count;
    }
  }

  /** The messages of a run one by one, where each needs a header of its own. */
  private fanOutEach(target: Target, chunk: Uint8Array, offsets: PublishOffsets, route: Route): void {
    const { payloadStart, payloadEnd, count } = offsets;
    const size = payloadEnd - offsets.packetStart;
    for (let i = 0; i < count; i++) {
      offsets.payloadStart = payloadStart + i * size;
      offsets.payloadEnd = payloadEnd + i * size;
      this.delivery.fromChunk(route, chunk, offsets, "", 0);
      this.delivery.to(target);
    }
    offsets.payloadStart = payloadStart;
    offsets.payloadEnd = payloadEnd;
    this.delivery.end();
  }

  /** Each message of a run goes to one member of each group. */
  private fanOutShared(route: Route, chunk: Uint8Array, offsets: PublishOffsets): void {
    const { payloadStart, payloadEnd, count } = offsets;
    const size = payloadEnd - offsets.packetStart;
    for (let i = 0; i < count; i++) {
      offsets.payloadStart = payloadStart + i * size;
      offsets.payloadEnd = payloadEnd + i * size;
      this.delivery.fromChunk(route, chunk, offsets, "", 0);
      this.deliverShared(route);
    }
    offsets.payloadStart = payloadStart;
    offsets.payloadEnd = payloadEnd;
    this.delivery.end();
  }

  private publishKept(from: Publisher, route: Route, chunk: Uint8Array, offsets: PublishOffsets): PublishAnswer {
    const session = from.session!;
    const { delivery } = this;
    const { maximumQoS, retainAvailable } = this.options.limits;
    if (offsets.qos > maximumQoS || (offsets.retain && !retainAvailable)) throw unsupported(offsets.qos > maximumQoS);
    this.refuseUnkept(route, offsets.qos, offsets.retain && offsets.payloadStart < offsets.payloadEnd, session);
    if (
      offsets.retain &&
      payloadBytes(offsets) > 0 &&
      !this.hasRetainedRoom(route.topicName, offsets.payloadEnd - offsets.topicStart)
    ) {
      this.options.counters.messagesReceived -= offsets.count;
      this.options.counters.publishesDenied += offsets.count;
      from.refusedFor = "there is no room for more retained messages (maximumRetainedMessages, maximumRetainedBytes)";
      return -ReasonCode.QuotaExceeded;
    }
    if (offsets.qos > 0 && this.options.limits.queueFull === "reliable" && this.isAnyFull(route, session)) {
      this.options.counters.messagesReceived -= offsets.count;
      this.options.counters.publishesDenied += offsets.count;
      from.refusedFor = "the queue of a receiver is full (queueFull: reliable)";
      return -ReasonCode.QuotaExceeded;
    }
    if (this.mustWait(route, offsets, session)) {
      this.options.counters.messagesReceived -= offsets.count;
      this.options.counters.publishersHeld++;
      from.awaitStorage();
      return Later;
    }
    // First of all what can be refused: with a full disk nothing has happened yet (STORE_READ_ONLY).
    const after =
      offsets.qos === 2 && session.isPersistent
        ? this.options.journal.storage.putInboundIdentifier(session.id, offsets.packetIdentifier)
        : 0;
    delivery.fromChunk(route, chunk, offsets, session.publisherName, after);
    const retained = offsets.retain ? this.setRetained(route, delivery.keep()) : 0;
    this.deliver(route, session);
    const commit = Math.max(retained, delivery.commit);
    delivery.end();
    return commit;
  }

  private hasRetainedRoom(topicName: string, size: number): boolean {
    const { counters, limits } = this.options;
    if (this.retainedRoom.takes(size, this.retained.size, this.retained.get(topicName), limits)) return true;
    counters.retainedRefused++;
    return false;
  }

  /** Whether somebody who should keep the message cannot. Of a group each member counts: who gets it is not known before. */
  private isAnyFull(route: Route, from: Session): boolean {
    const { delivery } = this;
    const isFull = ({ session, qos }: { session: Session; qos: QoS }): boolean => {
      if (qos === 0 || !delivery.isFull(session)) return false;
      this.options.drops.count(session, "blocked");
      return true;
    };
    const ofTarget = (listed: Target): boolean => {
      const target = listed.session === from ? listed.own : listed;
      return target !== undefined && isFull(target);
    };
    return route.targets.some(ofTarget) || route.groups.some((group) => someMember(group, isFull));
  }

  /** Throws STORE_READ_ONLY while storage is read-only and somebody's copy must be kept, before anybody has one. */
  private refuseUnkept(route: Route, qos: QoS, isRetained: boolean, from: Session | undefined): void {
    const { health } = this.options.journal.storage;
    if (health.state === "ok" || !(isRetained || (qos > 0 && this.mustKeep(route, qos, from)))) return;
    throw new MqttError("STORE_READ_ONLY", { detail: health.cause });
  }

  /** Whether storage is so far behind that one more message for it would only grow what memory holds. */
  private mustWait(route: Route, { qos, retain }: PublishOffsets, from: Session): boolean {
    const { journal, limits } = this.options;
    return journal.isBehind(limits.maximumUnkeptBytes) && (retain || this.mustKeep(route, qos, from));
  }

  private deliver(route: Route, from: Session | undefined): void {
    const { targets } = route;
    for (let i = 0; i < targets.length; i++) {
      const listed = targets[i]!;
      const target = listed.session === from ? listed.own : listed;
      if (target !== undefined) this.delivery.to(target);
    }
    if (route.groups.length > 0) this.deliverShared(route);
  }

  private deliverShared(route: Route): void {
    const { delivery } = this;
    for (const { group, name } of route.groups) {
      const member = this.choice.choose(group, route.topicName, delivery.publishedQoS, undefined);
      if (member !== undefined) delivery.toMember(member, name);
      else if (this.choice.denied !== undefined) this.withheld.countOne(route.topicName, this.choice.denied);
    }
  }

  /** [MQTT-3.3.1-5] [MQTT-3.3.1-6] [MQTT-3.3.1-7]: the newest retained message of a topic replaces the older; an empty one removes it. */
  private setRetained(route: Route, message: KeptMessage): number {
    const { journal, tenant } = this.options;
    const old = this.retained.get(route.topicName);
    let commit: number;
    if (message.payload.length === 0) {
      commit = journal.storage.deleteRetained(tenant, route.topic);
      this.retained.delete(route.topicName);
      this.expiry.changed(route.topicName, false);
    } else {
      const stored = journal.store(tenant, message);
      commit = Math.max(stored, journal.storage.putRetained(tenant, route.topic, message.id));
      message.references++;
      this.retained.set(route.topicName, message);
      this.retainedRoom.added(message);
      this.expiry.changed(route.topicName, message.expiresAt !== 0);
    }
    this.retainedRoom.removed(old);
    if (old !== undefined) journal.release(old);
    return commit;
  }

  /** Forgets a retained message, and its row when storage takes that. */
  dropRetained(topicName: string, message: KeptMessage): void {
    const { journal, tenant } = this.options;
    this.retained.delete(topicName);
    this.retainedRoom.removed(message);
    this.expiry.changed(topicName, false);
    journal.write(() => {
      // One that came meanwhile, while storage took nothing, is not this one.
      return this.retained.get(topicName) === undefined ? journal.storage.deleteRetained(tenant, message.topicName) : 0;
    });
    journal.release(message);
  }

  /** Whether a Session that survives gets the message, or only such a one of a group can. */
  private mustKeep(route: Route, qos: QoS, from: Session | undefined): boolean {
    return (
      route.targets.some((listed) => {
        const target = listed.session === from ? listed.own : listed;
        return target !== undefined && target.qos > 0 && target.session.isPersistent;
      }) || route.groups.some(({ group }) => this.choice.mustKeep(group, route.topicName, qos))
    );
  }

  /** Whether who published the retained message has lost the right since; asked once after each change. */
  private isRevoked(topicName: string, message: KeptMessage): boolean {
    if (Math.abs(message.rightsSeen) !== this.rightsVersion) {
      const [owner = "", clientIdentifier] = message.publisher.split("\0", 2);
      const { access, tenant } = this.options;
      const isRevoked =
        clientIdentifier !== undefined &&
        access.isRevoked({ tenant, owner, clientIdentifier }, topicName, publishBit(message.qos, true));
      message.rightsSeen = isRevoked ? -this.rightsVersion : this.rightsVersion;
    }
    return message.rightsSeen < 0;
  }

  private routeOf(source: Uint8Array, start: number, end: number): Route {
    const known = this.cache.find(source, start, end);
    if (known !== undefined && known.generation === this.generation) return known;
    const { clock } = this.options;
    const began = clock.now();
    const topicName = known?.topicName ?? decodeText(source, start, end);
    const matched: Subscriber[] = [];
    this.trie.matchInto(topicName, matched);
    const { maximumTopicLevels, maximumTopicBytes, deviations } = this.options.limits;
    const found = deviations.hashMatchesParent ? matched : matched.filter((one) => !isParentOf(topicName, one.topicFilter));
    // None has fewer levels than 1, so a topic that is too long is too deep.
    const levels = end - start > maximumTopicBytes ? 0 : maximumTopicLevels;
    const route = makeRoute(topicName, this.generation, levels, found);
    this.cache.insert(source, start, end, route);
    this.turn.spend(clock.now() - began);
    return route;
  }

  private joinGroup(topicFilter: string, sharedFilter: string, subscription: Subscription): void {
    let subscriber = this.shared.get(topicFilter);
    if (subscriber === undefined) {
      subscriber = { kind: "shared", name: topicFilter, topicFilter: sharedFilter, group: new SharedGroup() };
      this.shared.set(topicFilter, subscriber);
      this.trie.add(sharedFilter, subscriber);
    }
    subscriber.group.join(subscription.session, subscription);
  }

  private remove(subscription: Subscription): void {
    const { topicFilter, session } = subscription;
    const subscriber = this.shared.get(topicFilter);
    if (subscriber === undefined) {
      this.trie.remove(topicFilter, subscription);
      return;
    }
    subscriber.group.leave(session);
    if (!subscriber.group.isEmpty) return;
    this.shared.delete(topicFilter);
    this.trie.remove(subscriber.topicFilter, subscriber);
  }
}

const NONE: readonly number[] = [];
/** Retained messages that a Subscription gets in one turn of the event loop: a wildcard may match a million. */
const RETAINED_A_TURN = 1_000;

function payloadBytes({ payloadStart, payloadEnd }: PublishOffsets): number {
  return payloadEnd - payloadStart;
}
