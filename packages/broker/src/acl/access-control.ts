import type { Session } from "../sessions/session.ts";

/**
 * Decides what an authenticated client may do. Asked when a topic is first published to on a connection, at SUBSCRIBE, and when
 * the receivers of a topic are worked out, so that the right to receive holds at each delivery; never once a message.
 */
export interface AccessControl {
  mayPublish(session: Session, topicName: string): boolean;
  /** `topicFilter` without `$share/ShareName/`. */
  maySubscribe(session: Session, topicFilter: string): boolean;
  mayReceive(session: Session, topicName: string): boolean;
}

/** Every authenticated client may do everything, except to publish where the broker itself speaks. */
export const openAccess: AccessControl = {
  mayPublish: (_session, topicName) => !topicName.startsWith("$SYS/"),
  maySubscribe: () => true,
  mayReceive: () => true,
};
