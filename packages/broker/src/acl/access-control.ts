/** Whose right is asked for: a Session has it. */
export interface Identity {
  readonly tenant: string;
  /** Who the authenticator says it is; empty for anonymous clients. */
  readonly owner: string;
  readonly clientIdentifier: string;
}

/**
 * Decides what an authenticated client may do. Asked when a topic is first published to on a connection, at SUBSCRIBE, and when
 * the receivers of a topic are worked out, so that the right to receive holds at each delivery; never once a message.
 */
export interface AccessControl {
  mayPublish(who: Identity, topicName: string): boolean;
  /** `topicFilter` without `$share/ShareName/`. */
  maySubscribe(who: Identity, topicFilter: string): boolean;
  mayReceive(who: Identity, topicName: string): boolean;
}

/** Every authenticated client may do everything, except to publish where the broker itself speaks. */
export const openAccess: AccessControl = {
  mayPublish: (_who, topicName) => !topicName.startsWith("$SYS/"),
  maySubscribe: () => true,
  mayReceive: () => true,
};
