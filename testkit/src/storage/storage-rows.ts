import type {
  QueueEntry,
  StoredMessage,
  StoredRule,
  StoredSession,
  StoredSubscription,
  StoredUser,
} from "@bowline/broker/internal";

/** Rows with every field set, for tests that care about one of them. */

export function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text));
}

export function aMessage(id: number, fields: Partial<StoredMessage> = {}): StoredMessage {
  return {
    id,
    tenant: "default",
    topicName: bytesOf("a/b"),
    payload: bytesOf(`payload ${id}`),
    properties: undefined,
    qos: 1,
    retain: false,
    expiresAt: 0,
    publisher: "alice/dash-1",
    ...fields,
  };
}

export function aSession(id: number, fields: Partial<StoredSession> = {}): StoredSession {
  return {
    id,
    tenant: "default",
    owner: "alice",
    clientIdentifier: `client-${id}`,
    expiryInterval: 3_600,
    disconnectedAt: 0,
    will: undefined,
    ...fields,
  };
}

export function aSubscription(topicFilter: string, fields: Partial<StoredSubscription> = {}): StoredSubscription {
  return { topicFilter, qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0, subscriptionIdentifier: 0, ...fields };
}

export function aQueueEntry(sequence: number, fields: Partial<QueueEntry> = {}): QueueEntry {
  return { sequence, messageId: 1, qos: 1, retain: false, subscriptionIdentifiers: [], state: 0, packetIdentifier: 0, ...fields };
}

export function aUser(username: string, fields: Partial<StoredUser> = {}): StoredUser {
  return { tenant: "default", username, passwordHash: "$argon2id$1", createdAt: 1_790_000_000_000, ...fields };
}

export function aRule(id: string, order: number, fields: Partial<StoredRule> = {}): StoredRule {
  return { tenant: "default", id, order, rule: '{"effect":"allow"}', ...fields };
}
