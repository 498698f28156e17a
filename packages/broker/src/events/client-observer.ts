import type { MqttError, QoS } from "@bowline/protocol";
import type { Denial } from "../acl/access-control.ts";
import type { Arrival } from "../listeners/arrival.ts";
import type { Session } from "../sessions/session.ts";
import type { Tenant } from "../tenants/tenant.ts";

/** What is told of a client: one object for the life of its connection. */
export interface ObservedClient {
  readonly tenant: Tenant;
  readonly arrival: Arrival;
  /** Undefined until its CONNECT is accepted. */
  readonly session: Session | undefined;
  /** As whom it came. */
  readonly principal: string;
  /** Of its CONNECT, which may have been refused. */
  readonly claimedIdentifier: string | undefined;
  /** The User Name of a CONNECT that is not accepted: anybody's words, and with some authorizers a secret. */
  readonly claimedUser: string | undefined;
}

/** What a client asked for on its open connection and may not have, or messages that it would have had by a Subscription. */
export interface DeniedAction {
  readonly action: "publish" | "subscribe" | "receive";
  /** The Topic Name or Topic Filter, as it was asked for. */
  readonly topic: string;
  /** What refused it where its rights would not: a limit. */
  readonly limit?: Denial;
  /** Of what it may not receive: by which Subscription it would have come. */
  readonly topicFilter?: string;
  readonly qos: QoS;
  readonly retain: boolean;
  /** What it was told; undefined for nothing. */
  readonly reasonCode: number | undefined;
  /** Messages; 1 for a Topic Filter. */
  readonly times: number;
}

/** Is told what becomes of clients, after it has happened. Nothing that it does may fail. */
export interface ClientObserver {
  /** The CONNACK went out. */
  opened(client: ObservedClient): void;
  /** A CONNECT was refused. */
  refused(client: ObservedClient, error: MqttError): void;
  /** A connection that was open is over: ended by the client (undefined), by us or for what the client did, or lost. */
  ended(client: ObservedClient, cause: MqttError | undefined | "lost"): void;
  /** Its rights, or a limit, do not allow what it asked for; its connection may stay open. */
  denied(client: ObservedClient, what: DeniedAction): void;
  subscribed(client: ObservedClient, topicFilters: readonly string[]): void;
  unsubscribed(client: ObservedClient, topicFilters: readonly string[]): void;
}
