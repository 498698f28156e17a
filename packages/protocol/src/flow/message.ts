import type { QoS } from "../packet/packets.ts";

/**
 * An Application Message that outlives the chunk it came in: queued, retained, in flight for a session that survives, or
 * handed over by an application. Its bytes are stored once and shared by every queue that refers to it; never changed.
 */
export interface Message {
  readonly topicName: Uint8Array;
  readonly payload: Uint8Array;
  /** Encoded MQTT 5 properties without Topic Alias, Message Expiry Interval and Subscription Identifier. */
  readonly properties: Uint8Array | undefined;
  /** Wall time in ms after which it must not be delivered (section 3.3.2.3.3); 0 for never. */
  readonly expiresAt: number;
}

/** What an outbound entry waits for; the numbers are those that storage keeps. */
export const OutboundState = {
  /** In the queue, without a Packet Identifier. */
  Queued: 0,
  AwaitingPuback: 1,
  AwaitingPubrec: 2,
  /** PUBREL is due or sent; the message is no longer needed. */
  AwaitingPubcomp: 3,
  /** Not a message: the identifier of a SUBSCRIBE or UNSUBSCRIBE of a client. */
  AwaitingSuback: 4,
} as const;
export type OutboundState = (typeof OutboundState)[keyof typeof OutboundState];

/** One message on its way to one receiver. Made only where it must be remembered; all fields are set in one order. */
export interface OutboundEntry {
  /** Order of acceptance in the session; the key of storage. */
  sequence: number;
  message: Message | undefined;
  qos: QoS;
  retain: boolean;
  subscriptionIdentifiers: readonly number[];
  state: OutboundState;
  packetIdentifier: number;
  /** Its PUBLISH has left at least once: a further one carries DUP, [MQTT-3.3.1-1]. */
  sent: boolean;
  /** Commit number that its next packet waits for. */
  commit: number;
  /** Whatever the owner keeps with it: a callback, a storage id. */
  tag: unknown;
}
