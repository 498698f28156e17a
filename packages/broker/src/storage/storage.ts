import type { QoS, SubscriptionRequest } from "@bowline/protocol";

/**
 * What the broker keeps across a restart: sessions with their subscriptions, queues and QoS 2 identifiers, retained
 * messages, pending wills, users and rules. Every row belongs to a tenant; every key begins with it.
 *
 * Writing never waits: an operation is appended and answers with a commit number. All operations appended in one turn of
 * the event loop have the same number and commit together, as one transaction. `onCommitted(n)` tells that every
 * operation numbered up to n is kept as the durability level promises. Reading happens at start (`load`) and for payloads.
 */
export type CommitNumber = number;

/** `durable`: committed means flushed to disk. `relaxed`: committed to the operating system; the loss window is stated. */
export type Durability = "durable" | "relaxed";

/** A message kept once and referred to by every queue that holds it. */
export interface StoredMessage {
  /** Number given by the storage's owner, unique in the store's life; see Storage.nextMessageId. */
  id: number;
  tenant: string;
  topicName: Uint8Array;
  payload: Uint8Array;
  /** Encoded MQTT 5 properties as sent on, without Topic Alias, Message Expiry Interval and Subscription Identifiers. */
  properties: Uint8Array | undefined;
  qos: QoS;
  retain: boolean;
  /** Wall time in ms after which the message must not be delivered; 0 for never. */
  expiresAt: number;
  /** Who published it: owner and Client Identifier, kept for revocation and No Local. */
  publisher: string;
}

/** Where an outbound message of a session stands; the values are stored. */
export const QueueState = {
  /** Not sent yet, has no Packet Identifier. */
  Queued: 0,
  /** QoS 1 PUBLISH sent, PUBACK awaited. */
  AwaitingPuback: 1,
  /** QoS 2 PUBLISH sent, PUBREC awaited. */
  AwaitingPubrec: 2,
  /** PUBREL sent, PUBCOMP awaited; the message itself is no longer needed (messageId 0). */
  AwaitingPubcomp: 3,
} as const;
export type QueueState = (typeof QueueState)[keyof typeof QueueState];

/** One place in the outbound queue of a session. `sequence` orders the queue and is its key within the session. */
export interface QueueEntry {
  sequence: number;
  /** 0 when state is AwaitingPubcomp. */
  messageId: number;
  qos: QoS;
  retain: boolean;
  subscriptionIdentifiers: readonly number[];
  state: QueueState;
  /** 0 while Queued. */
  packetIdentifier: number;
}

export interface StoredSubscription extends SubscriptionRequest {
  /** 0 for none. */
  subscriptionIdentifier: number;
}

/** The will of a session, kept so that a crash does not lose it (section 3.1.2.5). */
export interface StoredWill {
  topicName: string;
  payload: Uint8Array;
  qos: QoS;
  retain: boolean;
  /** Encoded MQTT 5 properties to publish it with, or undefined. */
  properties: Uint8Array | undefined;
  /** Seconds, or -1 for none: 0 is an interval too. */
  messageExpiryInterval: number;
  delayInterval: number;
}

export interface StoredSession {
  /** Number of the session, unique in the store's life; the key of everything below it. */
  id: number;
  tenant: string;
  /** Stable owner named by the authenticator; empty for anonymous clients (design: a session is keyed by all three). */
  owner: string;
  clientIdentifier: string;
  /** Session Expiry Interval in seconds, 0xFFFFFFFF for never. */
  expiryInterval: number;
  /** Wall time in ms when the Network Connection ended; 0 while connected (a crash leaves 0: count from the start-up). */
  disconnectedAt: number;
  will: StoredWill | undefined;
}

/** Everything of one session, as `load` gives it back. */
export interface LoadedSession {
  session: StoredSession;
  subscriptions: StoredSubscription[];
  /** In order of sequence. */
  queue: QueueEntry[];
  /** Inbound QoS 2 Packet Identifiers whose PUBREL has not come. */
  inboundIdentifiers: number[];
}

export interface StoredUser {
  tenant: string;
  username: string;
  /** PHC string of Argon2id with SCRAM keys behind it where they are kept, or an imported hash, see auth/scram/ and auth/import/. */
  passwordHash: string;
  createdAt: number;
  /** May not log in until it is enabled again; what it has stays. */
  disabled?: true;
}

/** A rule of the access control list; see acl/. Kept as data, ordered by `order` within its tenant. */
export interface StoredRule {
  tenant: string;
  id: string;
  order: number;
  /** JSON of the rule, validated by acl/. */
  rule: string;
}

/** What `load` hands over, one call each, before the first listener opens. Messages come before the queues that name them. */
export interface StorageVisitor {
  message(message: StoredMessage): void;
  session(loaded: LoadedSession): void;
  /** `messageId` was handed over before. */
  retained(tenant: string, topicName: Uint8Array, messageId: number): void;
  user(user: StoredUser): void;
  rule(rule: StoredRule): void;
}

export type StorageHealth = { state: "ok" } | { state: "read-only"; cause: string; since: number };

/** How large a store is that has a file. */
export interface StorageSize {
  /** Bytes of the pages that hold rows: what the limit is about. */
  usedBytes: number;
  /** Bytes of the file, which keeps free pages for later rows and never shrinks. */
  fileBytes: number;
  /** See StoreOptions. */
  maximumBytes: number;
}

export interface Storage {
  readonly durability: Durability;
  /** Reads everything once; rejects with MqttError STORE_DAMAGED, STORE_NEWER and so on. */
  load(visitor: StorageVisitor): Promise<void>;
  /** The next free ids, valid after load: the owner counts up from here. */
  readonly nextMessageId: number;
  readonly nextSessionId: number;

  putMessage(message: StoredMessage): CommitNumber;
  deleteMessage(id: number): CommitNumber;
  putSession(session: StoredSession): CommitNumber;
  /** Deletes the session with its subscriptions, queue entries and identifiers (messages are the owner's to delete). */
  deleteSession(id: number): CommitNumber;
  putSubscription(sessionId: number, subscription: StoredSubscription): CommitNumber;
  deleteSubscription(sessionId: number, topicFilter: string): CommitNumber;
  /** Adds or replaces the entry with that sequence. */
  putQueueEntry(sessionId: number, entry: QueueEntry): CommitNumber;
  deleteQueueEntry(sessionId: number, sequence: number): CommitNumber;
  putInboundIdentifier(sessionId: number, packetIdentifier: number): CommitNumber;
  deleteInboundIdentifier(sessionId: number, packetIdentifier: number): CommitNumber;
  putRetained(tenant: string, topicName: Uint8Array, messageId: number): CommitNumber;
  deleteRetained(tenant: string, topicName: Uint8Array): CommitNumber;
  putUser(user: StoredUser): CommitNumber;
  deleteUser(tenant: string, username: string): CommitNumber;
  putRule(rule: StoredRule): CommitNumber;
  deleteRule(tenant: string, id: string): CommitNumber;

  /**
   * Reads one committed message back, for owners that keep only the numbers of long queues in memory. Synchronous and short
   * (a memory-mapped read and a copy); undefined when there is none, STORE_DAMAGED when its bytes are not the ones written.
   */
  readMessage(id: number): StoredMessage | undefined;

  /** Highest commit number that is kept. */
  readonly committed: CommitNumber;
  /** Called once per committed group, in order. Set before load. */
  onCommitted: (n: CommitNumber) => void;
  /**
   * Called when the storage turns read-only (disk full) and when it recovers. While read-only every append is refused by
   * throwing MqttError STORE_READ_ONLY before anything is changed, so the caller acknowledges nothing; the store
   * retries every 5 s.
   */
  onHealth: (health: StorageHealth) => void;
  readonly health: StorageHealth;
  /** Undefined for a storage without a file. */
  readonly size: StorageSize | undefined;
  /** Puts another limit in force at once; a storage without a file has none. */
  changeMaximumBytes(bytes: number): void;
  /** Resolves when everything appended so far is committed; rejects when it cannot be. */
  flush(): Promise<void>;
  /** Flushes, closes and releases the lock. */
  close(): Promise<void>;
}
