import type {
  CommitNumber,
  Durability,
  QueueEntry,
  Storage,
  StorageHealth,
  StorageVisitor,
  StoredMessage,
  StoredRule,
  StoredSession,
  StoredSubscription,
  StoredUser,
} from "./storage.ts";
import type { StoreImage } from "./store-image.ts";

export interface MemoryStorageOptions {
  /**
   * Where rows are kept, so that a later storage made with the same image finds them. Without one nothing is kept at all,
   * which is all a broker needs that forgets with its process: its sessions and messages live in their owners already.
   */
  image?: StoreImage;
  /** Runs a callback at the end of the event-loop turn; `setImmediate` by default, a virtual scheduler in tests. */
  atEndOfTurn?: (callback: () => void) => void;
}

/**
 * The storage without a disk. An append costs a few instructions (and a map entry when an image keeps rows); the group of a
 * turn is committed at its end, so that callers meet the same order of events as with a disk: never inside the append.
 */
export class MemoryStorage implements Storage {
  readonly durability: Durability = "relaxed";
  readonly health: StorageHealth = { state: "ok" };
  readonly size: undefined = undefined;
  committed: CommitNumber = 0;
  onCommitted: (n: CommitNumber) => void = ignore;
  onHealth: (health: StorageHealth) => void = ignore;

  readonly #image: StoreImage | undefined;
  readonly #atEndOfTurn: (callback: () => void) => void;
  #groupIsOpen = false;
  readonly #commitGroup = (): void => {
    if (!this.#groupIsOpen) return;
    this.#groupIsOpen = false;
    this.committed += 1;
    this.onCommitted(this.committed);
  };

  constructor(options: MemoryStorageOptions = {}) {
    this.#image = options.image;
    this.#atEndOfTurn = options.atEndOfTurn ?? setImmediate;
  }

  get nextMessageId(): number {
    return this.#image?.nextMessageId ?? 1;
  }

  get nextSessionId(): number {
    return this.#image?.nextSessionId ?? 1;
  }

  changeMaximumBytes(): void {}

  load(visitor: StorageVisitor): Promise<void> {
    this.#image?.visit(visitor);
    return Promise.resolve();
  }

  readMessage(id: number): StoredMessage | undefined {
    return this.#image?.messages.get(id);
  }

  putMessage(message: StoredMessage): CommitNumber {
    this.#image?.putMessage(message);
    return this.#number();
  }

  deleteMessage(id: number): CommitNumber {
    this.#image?.messages.delete(id);
    return this.#number();
  }

  putSession(session: StoredSession): CommitNumber {
    this.#image?.putSession(session);
    return this.#number();
  }

  deleteSession(id: number): CommitNumber {
    this.#image?.sessions.delete(id);
    return this.#number();
  }

  putSubscription(sessionId: number, subscription: StoredSubscription): CommitNumber {
    this.#image?.putSubscription(sessionId, subscription);
    return this.#number();
  }

  deleteSubscription(sessionId: number, topicFilter: string): CommitNumber {
    this.#image?.sessions.get(sessionId)?.subscriptions.delete(topicFilter);
    return this.#number();
  }

  putQueueEntry(sessionId: number, entry: QueueEntry): CommitNumber {
    this.#image?.putQueueEntry(sessionId, entry);
    return this.#number();
  }

  deleteQueueEntry(sessionId: number, sequence: number): CommitNumber {
    this.#image?.sessions.get(sessionId)?.queue.delete(sequence);
    return this.#number();
  }

  putInboundIdentifier(sessionId: number, packetIdentifier: number): CommitNumber {
    this.#image?.sessions.get(sessionId)?.inboundIdentifiers.add(packetIdentifier);
    return this.#number();
  }

  deleteInboundIdentifier(sessionId: number, packetIdentifier: number): CommitNumber {
    this.#image?.sessions.get(sessionId)?.inboundIdentifiers.delete(packetIdentifier);
    return this.#number();
  }

  putRetained(tenant: string, topicName: Uint8Array, messageId: number): CommitNumber {
    this.#image?.putRetained(tenant, topicName, messageId);
    return this.#number();
  }

  deleteRetained(tenant: string, topicName: Uint8Array): CommitNumber {
    this.#image?.deleteRetained(tenant, topicName);
    return this.#number();
  }

  putUser(user: StoredUser): CommitNumber {
    this.#image?.putUser(user);
    return this.#number();
  }

  deleteUser(tenant: string, username: string): CommitNumber {
    this.#image?.deleteUser(tenant, username);
    return this.#number();
  }

  putRule(rule: StoredRule): CommitNumber {
    this.#image?.putRule(rule);
    return this.#number();
  }

  deleteRule(tenant: string, id: string): CommitNumber {
    this.#image?.deleteRule(tenant, id);
    return this.#number();
  }

  /** Commits what is open at once instead of waiting for the end of the turn. */
  flush(): Promise<void> {
    this.#commitGroup();
    return Promise.resolve();
  }

  close(): Promise<void> {
    return this.flush();
  }

  #number(): CommitNumber {
    if (!this.#groupIsOpen) {
      this.#groupIsOpen = true;
      this.#atEndOfTurn(this.#commitGroup);
    }
    return this.committed + 1;
  }
}

function ignore(): void {}
