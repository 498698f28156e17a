import type { Storage } from "@bowline/broker/internal";
import { aMessage, aQueueEntry, aRule, aSession, aSubscription, aUser, bytesOf } from "./storage-rows.ts";

/** Rows of `fillStorage` that are not one to a number: the user, the rule, and the one that counts the ids. */
export const OTHER_ROWS = 3;
/** Rows of `fillStorage` to each number. */
export const ROWS_EACH = 6;

/** Puts rows of every kind, in many transactions: a user, a rule, and six rows to each number from 1. */
export async function fillStorage(storage: Storage, count: number): Promise<void> {
  storage.putUser(aUser("alice"));
  storage.putRule(aRule("r", 1));
  for (let id = 1; id <= count; id++) {
    storage.putSession(aSession(id));
    storage.putSubscription(id, aSubscription(`a/${id}/#`));
    storage.putMessage(aMessage(id, { payload: new Uint8Array(id % 50 === 0 ? 9_000 : 300).fill(id) }));
    storage.putQueueEntry(id, aQueueEntry(1, { messageId: id }));
    storage.putInboundIdentifier(id, id);
    storage.putRetained("default", bytesOf(`t/${id}`), id);
    // oxlint-disable-next-line no-await-in-loop -- One transaction after the other is the point.
    if (id % 20 === 0) await storage.flush();
  }
  await storage.flush();
}
