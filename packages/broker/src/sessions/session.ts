import type { QoS } from "@bowline/protocol";
import { SessionState } from "@bowline/protocol/internal";
import type { Rights } from "../acl/access-control.ts";
import type { SessionDrops } from "../metrics/drops.ts";
import type { PendingWill } from "./pending-will.ts";
import type { SessionConnection } from "./session-connection.ts";

/** Session Expiry Interval for a Session that never ends, section 3.1.2.11.2. */
export const NEVER_EXPIRES = 0xffff_ffff;

/** One Topic Filter of one Session with its Subscription Options, section 3.8.3.1. Replaced, not changed, by a new SUBSCRIBE. */
export interface Subscription {
  readonly kind: "single";
  readonly session: Session;
  /** As subscribed, `$share/...` included. */
  readonly topicFilter: string;
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly retainHandling: 0 | 1 | 2;
  /** 0 for none. */
  readonly subscriptionIdentifier: number;
  /** What was found when its Session's rights had that version: free of any deny rule (the version), or not (its negative). 0: nothing yet. */
  rightsSeen: number;
}

/** U+0000 is in neither ([MQTT-1.5.4-2]), so two different pairs never make one key. */
export function keyOf(owner: string, clientIdentifier: string): string {
  return `${owner}\0${clientIdentifier}`;
}

/** Of all Sessions that have none: many clients only publish. */
const NONE: ReadonlyMap<string, Subscription> = new Map();

/**
 * A Session at the server: its Session State, its Subscriptions, and the connection it has just now. Keyed by tenant, owner and
 * Client Identifier, so that nobody takes over another owner's Session. It lives from CONNECT to its expiry.
 */
export class Session {
  readonly state: SessionState = new SessionState();
  readonly tenant: string;
  readonly owner: string;
  readonly clientIdentifier: string;
  /** What tells it from all others of its tenant, see `keyOf`. */
  readonly key: string;
  private own: Map<string, Subscription> | undefined;
  /** Number in storage; 0 for a Session that ends with its connection. */
  id = 0;
  /** Commit number of its first row, and of its Subscriptions: before that, a crash loses them. */
  keptBy = 0;
  /** Seconds; 0 ends it with its connection. */
  expiryInterval = 0;
  /** Wall time in ms at which the connection ended; 0 while there is one. */
  disconnectedAt = 0;
  connection: SessionConnection | undefined;
  will: PendingWill | undefined;
  /** Some of its outbound entries came by a shared subscription, or did so once: only then they are looked for when it goes. */
  hasShared = false;
  /** QoS 0 messages wait in its queue, or did so once: only then they are looked for when it is full. */
  hasAtMostOnce = false;
  /** What it lost; undefined for nothing. */
  drops: SessionDrops | undefined = undefined;
  /** Of its connection, or of its last one. */
  rights!: Rights;
  /** How its messages name it: with the owner where rules decide later what becomes of a retained one. */
  publisherName!: string;

  constructor(tenant: string, owner: string, clientIdentifier: string, rights: Rights) {
    this.tenant = tenant;
    this.owner = owner;
    this.clientIdentifier = clientIdentifier;
    this.key = keyOf(owner, clientIdentifier);
    this.grant(rights);
  }

  /** Its client connected, or authenticated again. */
  grant(rights: Rights): void {
    this.rights = rights;
    this.publisherName = rights.isByRules ? this.key : this.clientIdentifier;
  }

  /** By Topic Filter as subscribed, `$share/...` included. Only the Router changes them. */
  get subscriptions(): ReadonlyMap<string, Subscription> {
    return this.own ?? NONE;
  }

  addSubscription(subscription: Subscription): void {
    this.own ??= new Map();
    this.own.set(subscription.topicFilter, subscription);
  }

  removeSubscription(topicFilter: string): void {
    this.own?.delete(topicFilter);
  }

  removeSubscriptions(): void {
    this.own = undefined;
  }

  /** Kept in storage, because it survives its connection. */
  get isPersistent(): boolean {
    return this.id !== 0;
  }

  /** The connection, when messages may be sent on it at once. */
  get online(): SessionConnection | undefined {
    const { connection } = this;
    return connection?.isOpen === true ? connection : undefined;
  }

  /** Wall time in ms at which it ends; Infinity while connected or when it never expires. */
  get endsAt(): number {
    if (this.disconnectedAt === 0 || this.expiryInterval === NEVER_EXPIRES) return Number.POSITIVE_INFINITY;
    return this.disconnectedAt + this.expiryInterval * 1000;
  }
}
