import type { LoadedSession, Storage, StorageVisitor, StoredMessage, StoredRule, StoredUser } from "@bowline/broker/internal";

/** Everything `load` handed over, in its order. */
export interface StoreContent {
  /** The kind of every call, in order. */
  calls: ("message" | "session" | "retained" | "user" | "rule")[];
  messages: StoredMessage[];
  sessions: LoadedSession[];
  retained: { tenant: string; topicName: Uint8Array; messageId: number }[];
  users: StoredUser[];
  rules: StoredRule[];
}

/** Loads a store into arrays; call it once per opened storage, before appending. */
export async function readStore(storage: Pick<Storage, "load">): Promise<StoreContent> {
  const content: StoreContent = { calls: [], messages: [], sessions: [], retained: [], users: [], rules: [] };
  await storage.load(visitorInto(content));
  return content;
}

/** The visitor that fills the arrays. */
export function visitorInto(content: StoreContent): StorageVisitor {
  return {
    message(message) {
      content.calls.push("message");
      content.messages.push(message);
    },
    session(loaded) {
      content.calls.push("session");
      content.sessions.push(loaded);
    },
    retained(tenant, topicName, messageId) {
      content.calls.push("retained");
      content.retained.push({ tenant, topicName, messageId });
    },
    user(user) {
      content.calls.push("user");
      content.users.push(user);
    },
    rule(rule) {
      content.calls.push("rule");
      content.rules.push(rule);
    },
  };
}
