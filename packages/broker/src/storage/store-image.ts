import type {
  LoadedSession,
  QueueEntry,
  StorageVisitor,
  StoredMessage,
  StoredRule,
  StoredSession,
  StoredSubscription,
  StoredUser,
} from "./storage.ts";

interface SessionRows {
  session: StoredSession;
  subscriptions: Map<string, StoredSubscription>;
  queue: Map<number, QueueEntry>;
  inboundIdentifiers: Set<number>;
}

interface RetainedRow {
  tenant: string;
  topicName: Uint8Array;
  messageId: number;
}

/**
 * What a store holds, as plain maps: the content of a memory storage, and the model that tests compare the other makers with.
 *
 * Rows are copied one level deep, since their owners change queue entries and sessions in place. Bytes are shared: nobody
 * writes into a payload once it is stored. What is put below a session that is not there is ignored, as the other makers do.
 */
export class StoreImage {
  readonly messages: Map<number, StoredMessage> = new Map();
  readonly sessions: Map<number, SessionRows> = new Map();
  readonly retained: Map<string, RetainedRow> = new Map();
  readonly users: Map<string, StoredUser> = new Map();
  readonly rules: Map<string, StoredRule> = new Map();
  /** Ids are never given twice in the store's life, so these outlive the rows that had them. */
  nextMessageId: number = 1;
  nextSessionId: number = 1;

  putMessage(message: StoredMessage): void {
    this.nextMessageId = Math.max(this.nextMessageId, message.id + 1);
    this.messages.set(message.id, { ...message });
  }

  putSession(session: StoredSession): void {
    this.nextSessionId = Math.max(this.nextSessionId, session.id + 1);
    const rows = this.sessions.get(session.id);
    if (rows !== undefined) rows.session = { ...session };
    else this.sessions.set(session.id, emptyRows({ ...session }));
  }

  putSubscription(sessionId: number, subscription: StoredSubscription): void {
    this.sessions.get(sessionId)?.subscriptions.set(subscription.topicFilter, { ...subscription });
  }

  putQueueEntry(sessionId: number, entry: QueueEntry): void {
    this.sessions.get(sessionId)?.queue.set(entry.sequence, { ...entry });
  }

  putRetained(tenant: string, topicName: Uint8Array, messageId: number): void {
    this.retained.set(retainedKey(tenant, topicName), { tenant, topicName, messageId });
  }

  deleteRetained(tenant: string, topicName: Uint8Array): void {
    this.retained.delete(retainedKey(tenant, topicName));
  }

  putUser(user: StoredUser): void {
    this.users.set(pairKey(user.tenant, user.username), { ...user });
  }

  deleteUser(tenant: string, username: string): void {
    this.users.delete(pairKey(tenant, username));
  }

  putRule(rule: StoredRule): void {
    this.rules.set(pairKey(rule.tenant, rule.id), { ...rule });
  }

  deleteRule(tenant: string, id: string): void {
    this.rules.delete(pairKey(tenant, id));
  }

  /** Hands everything over in the order StorageVisitor asks for. */
  visit(visitor: StorageVisitor): void {
    for (const message of this.messages.values()) visitor.message({ ...message });
    for (const rows of this.sessions.values()) visitor.session(loadedSession(rows));
    for (const row of this.retained.values()) visitor.retained(row.tenant, row.topicName, row.messageId);
    for (const user of this.users.values()) visitor.user({ ...user });
    for (const rule of [...this.rules.values()].sort(byOrder)) visitor.rule({ ...rule });
  }
}

function emptyRows(session: StoredSession): SessionRows {
  return { session, subscriptions: new Map(), queue: new Map(), inboundIdentifiers: new Set() };
}

function loadedSession(rows: SessionRows): LoadedSession {
  return {
    session: { ...rows.session },
    subscriptions: [...rows.subscriptions.values()].map((subscription) => ({ ...subscription })),
    queue: [...rows.queue.values()].sort((a, b) => a.sequence - b.sequence).map((entry) => ({ ...entry })),
    inboundIdentifiers: [...rows.inboundIdentifiers],
  };
}

/** The order rules are tried in; the id decides between equals, so that every start has the same order. */
export function byOrder(a: StoredRule, b: StoredRule): number {
  if (a.tenant !== b.tenant) return a.tenant < b.tenant ? -1 : 1;
  if (a.order !== b.order) return a.order - b.order;
  return a.id < b.id ? -1 : Number(a.id > b.id);
}

function retainedKey(tenant: string, topicName: Uint8Array): string {
  return pairKey(tenant, Buffer.from(topicName.buffer, topicName.byteOffset, topicName.length).toString("latin1"));
}

/** The length in front keeps two different pairs from ever making one key. */
function pairKey(tenant: string, name: string): string {
  return `${tenant.length}:${tenant}${name}`;
}
