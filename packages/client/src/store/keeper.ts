import type { MqttError, SubscriptionRequest } from "@bowline/protocol";
import type { OutboundEntry, SessionState } from "@bowline/protocol/internal";
import type { PendingPublication } from "../publication.ts";
import type { Dialer } from "../transport/transport.ts";

/**
 * Who writes down what becomes of a session, as the client's parts see it; `SessionKeeper` is loaded only where a store is used.
 * Each call takes effect with the next group of changes; nothing that was sent after it leaves before that group is kept.
 */
export interface Keeper {
  /** The identifier that the session belongs to. */
  readonly clientId: string;
  /** The store had subscriptions of an earlier process. */
  readonly hadSubscriptions: boolean;
  readonly subscriptions: readonly SubscriptionRequest[];

  /** A dialer whose bytes wait for the store. */
  gated(dial: Dialer): Dialer;

  /** The outbox took it. It is told when it is kept, and fails when it cannot be. */
  keep(publication: PendingPublication): void;
  /** It got a Packet Identifier, or moved on. */
  moved(entry: OutboundEntry): void;
  /** It is done with. */
  drop(publication: PendingPublication): void;

  /** An inbound QoS 2 message was handed over; it is handled at once without a ticket, else when `settled` names that. */
  inbound(packetIdentifier: number, ticket: number, connection: TicketHolder): void;
  settled(ticket: number, connection: TicketHolder): void;
  /** It came again. Answers a ticket that its PUBREC waits for, 0 for none. */
  repeated(packetIdentifier: number, connection: TicketHolder): number;
  /** PUBREL came for it. */
  freed(packetIdentifier: number): void;

  /** A filter was subscribed to, or without a request given up. */
  subscription(topicFilter: string, request: SubscriptionRequest | undefined): void;
  /** CONNACK came. */
  connected(clientId: string, sessionPresent: boolean): void;

  /** Resolves when everything so far is kept, or was given up, or the time is over. */
  flush(limitMs: number): Promise<void>;
  /** Keeps what it can and lets the store go. Never rejects. */
  close(): Promise<void>;
}

/** As much of a keeper as a connection tells. */
export type ConnectionKeeper = Pick<Keeper, "gated" | "moved" | "inbound" | "settled" | "repeated" | "freed">;

/** One connection's numbers for messages whose acknowledgement waits. */
export interface TicketHolder {
  takeTicket(): number;
  settle(ticket: number): void;
}

/** What a keeper needs of the outbox. */
export interface KeptOutbox {
  readonly session: SessionState;
  /** Counts a publication that the store had. */
  adopt(publication: PendingPublication): void;
  /** It could not be kept: takes it out, wherever it is, and fails it. */
  unkept(publication: PendingPublication, error: MqttError): void;
}
