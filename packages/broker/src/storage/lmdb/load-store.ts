import { byOrder } from "../store-image.ts";
import type { LoadedSession, StorageVisitor, StoredRule } from "../storage.ts";
import { type LmdbStore, Table } from "./lmdb-store.ts";
import {
  decodeInbound,
  decodeMessage,
  decodeQueueEntry,
  decodeRetained,
  decodeRule,
  decodeSession,
  decodeSubscription,
  decodeUser,
} from "./records.ts";

type Below = Omit<LoadedSession, "session">;

/**
 * Hands a whole store over, in the order StorageVisitor asks for. Returns the numbers of sessions that have rows but do not exist
 * any more: what a crash left of a deletion.
 *
 * @throws RangeError for a damaged record, MissingRows for a damaged tree
 */
export function loadStore(store: LmdbStore, visitor: StorageVisitor): number[] {
  store.readTable(Table.Messages, (key, record) => visitor.message(decodeMessage(key, record)));
  const below = loadBelow(store);
  store.readTable(Table.Sessions, (key, record) => {
    const session = decodeSession(key, record);
    visitor.session({ session, ...(below.get(session.id) ?? nothingBelow()) });
    below.delete(session.id);
  });
  store.readTable(Table.Retained, (key, record) => {
    const { tenant, topicName, messageId } = decodeRetained(key, record);
    visitor.retained(tenant, topicName, messageId);
  });
  store.readTable(Table.Users, (key, record) => visitor.user(decodeUser(key, record)));
  loadRules(store, visitor);
  return [...below.keys()];
}

/** Keys are ordered, so queues come in order of sequence. */
function loadBelow(store: LmdbStore): Map<number, Below> {
  const sessions = new Map<number, Below>();
  const of = (sessionId: number): Below => {
    const known = sessions.get(sessionId) ?? nothingBelow();
    sessions.set(sessionId, known);
    return known;
  };
  store.readTable(Table.Subscriptions, (key, record) => {
    const { sessionId, subscription } = decodeSubscription(key, record);
    of(sessionId).subscriptions.push(subscription);
  });
  store.readTable(Table.Queue, (key, record) => {
    const { sessionId, entry } = decodeQueueEntry(key, record);
    of(sessionId).queue.push(entry);
  });
  store.readTable(Table.Inbound, (key, record) => {
    const { sessionId, packetIdentifier } = decodeInbound(key, record);
    of(sessionId).inboundIdentifiers.push(packetIdentifier);
  });
  return sessions;
}

function nothingBelow(): Below {
  return { subscriptions: [], queue: [], inboundIdentifiers: [] };
}

function loadRules(store: LmdbStore, visitor: StorageVisitor): void {
  const rules: StoredRule[] = [];
  store.readTable(Table.Rules, (key, record) => rules.push(decodeRule(key, record)));
  for (const rule of rules.sort(byOrder)) visitor.rule(rule);
}
