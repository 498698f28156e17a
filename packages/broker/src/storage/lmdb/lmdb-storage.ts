import { MqttError } from "@bowline/protocol";
import type {
  CommitNumber,
  Durability,
  QueueEntry,
  Storage,
  StorageHealth,
  StorageSize,
  StorageVisitor,
  StoredMessage,
  StoredRule,
  StoredSession,
  StoredSubscription,
  StoredUser,
} from "../storage.ts";
import { writeCleanMark } from "./clean-mark.ts";
import { GroupWriter } from "./group-writer.ts";
import { type LmdbStore, MissingRows, Table } from "./lmdb-store.ts";
import { loadStore } from "./load-store.ts";
import {
  decodeMessage,
  encodeInbound,
  encodeMessage,
  encodeMeta,
  encodeQueueEntry,
  encodeRetained,
  encodeRule,
  encodeSession,
  encodeSubscription,
  encodeUser,
  type MetaRow,
  type Row,
} from "./records.ts";
import { SessionSweeper } from "./session-sweeper.ts";
import { inboundKey, namedKey, numberKey, queueKey, retainedKey, subscriptionKey } from "./store-keys.ts";
import type { StoreLock } from "./store-lock.ts";
import { damaged } from "./verify-store.ts";

export interface LmdbStorageOptions {
  directory: string;
  durability: Durability;
  maximumBytes: number;
  retryDelayMs: number;
  store: LmdbStore;
  lock: StoreLock;
  meta: MetaRow;
}

/** Ids are reserved in blocks, so that the row which remembers the next one is not written with every message. */
const messageIdBlock = 10_000;
const sessionIdBlock = 100;

/**
 * The embedded storage: encodes rows into operations and leaves their grouping to GroupWriter and their keeping to LmdbStore.
 * Made by openLmdbStorage, which has checked the store and holds its lock.
 */
export class LmdbStorage implements Storage {
  readonly durability: Durability;
  onCommitted: (n: CommitNumber) => void = ignore;
  onHealth: (health: StorageHealth) => void = ignore;

  readonly #options: LmdbStorageOptions;
  readonly #store: LmdbStore;
  readonly #writer: GroupWriter;
  readonly #sweeper: SessionSweeper;
  /** The ids below these are reserved for this process, and stored as taken. */
  readonly #reserved: MetaRow;
  /** Set while more is stored than the limit allows; deleting goes on. */
  #overLimit: StorageHealth | undefined;
  #isDamaged = false;
  #maximumBytes: number;
  #closing: Promise<void> | undefined;
  readonly nextMessageId: number;
  readonly nextSessionId: number;

  constructor(options: LmdbStorageOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#maximumBytes = options.maximumBytes;
    this.durability = options.durability;
    this.#reserved = { ...options.meta };
    this.nextMessageId = options.meta.nextMessageId;
    this.nextSessionId = options.meta.nextSessionId;
    this.#sweeper = new SessionSweeper(options.store);
    this.#writer = new GroupWriter({
      write: (operations, progress) => this.#store.write(operations, progress),
      prepare: (operations) => this.#sweeper.prepare(operations),
      durability: options.durability,
      retryDelayMs: options.retryDelayMs,
      wallTime: Date.now,
      onCommitted: (n) => this.#committed(n),
      onHealth: () => this.onHealth(this.health),
    });
  }

  get committed(): CommitNumber {
    return this.#writer.committed;
  }

  get health(): StorageHealth {
    return this.#writer.health.state === "ok" && this.#overLimit !== undefined ? this.#overLimit : this.#writer.health;
  }

  get size(): StorageSize {
    const { usedBytes, fileBytes } = this.#store;
    return { usedBytes, fileBytes, maximumBytes: this.#maximumBytes };
  }

  changeMaximumBytes(bytes: number): void {
    this.#maximumBytes = bytes;
    this.#watchSize();
  }

  async load(visitor: StorageVisitor): Promise<void> {
    try {
      const orphans = loadStore(this.#store, visitor);
      for (const sessionId of orphans) this.#sweeper.add(sessionId);
      if (orphans.length > 0) this.#writer.wake();
    } catch (error) {
      throw this.#damageOr(error);
    }
  }

  readMessage(id: number): StoredMessage | undefined {
    const key = numberKey(id);
    const record = this.#store.get(Table.Messages, key);
    try {
      return record === undefined ? undefined : decodeMessage(key, record);
    } catch (error) {
      throw this.#damageOr(error);
    }
  }

  putMessage(message: StoredMessage): CommitNumber {
    this.#refuseGrowth();
    if (message.id >= this.#reserved.nextMessageId) {
      this.#reserved.nextMessageId = message.id + messageIdBlock;
      this.#put(Table.Meta, encodeMeta(this.#reserved));
    }
    return this.#put(Table.Messages, encodeMessage(message));
  }

  deleteMessage(id: number): CommitNumber {
    return this.#delete(Table.Messages, numberKey(id));
  }

  putSession(session: StoredSession): CommitNumber {
    this.#refuseGrowth();
    if (session.id >= this.#reserved.nextSessionId) {
      this.#reserved.nextSessionId = session.id + sessionIdBlock;
      this.#put(Table.Meta, encodeMeta(this.#reserved));
    }
    return this.#put(Table.Sessions, encodeSession(session));
  }

  deleteSession(id: number): CommitNumber {
    const number = this.#delete(Table.Sessions, numberKey(id));
    this.#sweeper.add(id);
    return number;
  }

  putSubscription(sessionId: number, subscription: StoredSubscription): CommitNumber {
    this.#refuseGrowth();
    return this.#put(Table.Subscriptions, encodeSubscription(sessionId, subscription));
  }

  deleteSubscription(sessionId: number, topicFilter: string): CommitNumber {
    return this.#delete(Table.Subscriptions, subscriptionKey(sessionId, topicFilter));
  }

  putQueueEntry(sessionId: number, entry: QueueEntry): CommitNumber {
    return this.#put(Table.Queue, encodeQueueEntry(sessionId, entry));
  }

  deleteQueueEntry(sessionId: number, sequence: number): CommitNumber {
    return this.#delete(Table.Queue, queueKey(sessionId, sequence));
  }

  putInboundIdentifier(sessionId: number, packetIdentifier: number): CommitNumber {
    return this.#put(Table.Inbound, encodeInbound(sessionId, packetIdentifier));
  }

  deleteInboundIdentifier(sessionId: number, packetIdentifier: number): CommitNumber {
    return this.#delete(Table.Inbound, inboundKey(sessionId, packetIdentifier));
  }

  putRetained(tenant: string, topicName: Uint8Array, messageId: number): CommitNumber {
    this.#refuseGrowth();
    return this.#put(Table.Retained, encodeRetained({ tenant, topicName, messageId }));
  }

  deleteRetained(tenant: string, topicName: Uint8Array): CommitNumber {
    return this.#delete(Table.Retained, retainedKey(tenant, topicName));
  }

  putUser(user: StoredUser): CommitNumber {
    this.#refuseGrowth();
    return this.#put(Table.Users, encodeUser(user));
  }

  deleteUser(tenant: string, username: string): CommitNumber {
    return this.#delete(Table.Users, namedKey(tenant, username));
  }

  putRule(rule: StoredRule): CommitNumber {
    this.#refuseGrowth();
    return this.#put(Table.Rules, encodeRule(rule));
  }

  deleteRule(tenant: string, id: string): CommitNumber {
    return this.#delete(Table.Rules, namedKey(tenant, id));
  }

  flush(): Promise<void> {
    return this.#writer.flush();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The mark of a clean stop is the last thing written, and only when everything appended is on the disk. */
  async #close(): Promise<void> {
    const { directory, lock } = this.#options;
    try {
      await this.flush();
    } finally {
      const canClose = await this.#writer.stop();
      if (canClose) await this.#store.close();
      if (canClose && !this.#isDamaged) writeCleanMark(directory);
      lock.release();
    }
  }

  #put(table: Table, row: Row): CommitNumber {
    return this.#writer.append({ table, key: row.key, record: row.record });
  }

  #delete(table: Table, key: Uint8Array): CommitNumber {
    return this.#writer.append({ table, key, record: undefined });
  }

  #committed(n: CommitNumber): void {
    this.#watchSize();
    this.onCommitted(n);
  }

  /** Counting pages costs more than asking for the size of the file, which can only be larger. */
  #watchSize(): void {
    const maximumBytes = this.#maximumBytes;
    const isOver = this.#store.fileBytes > maximumBytes && this.#store.usedBytes > maximumBytes;
    if (isOver === (this.#overLimit !== undefined)) return;
    const cause = `the store has reached its limit of ${maximumBytes} bytes`;
    this.#overLimit = isOver ? { state: "read-only", cause, since: Date.now() } : undefined;
    this.onHealth(this.health);
  }

  /** Deleting, and moving on what is queued already, make room again and go on. */
  #refuseGrowth(): void {
    if (this.#overLimit?.state === "read-only") throw new MqttError("STORE_READ_ONLY", { detail: this.#overLimit.cause });
  }

  /** A store that was found damaged must not be marked as clean, so that the next start walks it. */
  #damageOr(error: unknown): Error {
    if (!(error instanceof RangeError || error instanceof MissingRows)) return error as Error;
    this.#isDamaged = true;
    return damaged(error.message, error);
  }
}

function ignore(): void {}
