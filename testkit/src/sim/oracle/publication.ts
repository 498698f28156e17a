import type { QoS } from "@bowline/protocol";
import type { ServerEnd } from "./server-end.ts";
import type { SessionModel } from "./session-model.ts";

/** A message that an application handed to its client. */
export interface Publication {
  readonly message: string;
  readonly client: string;
  readonly topicName: string;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly size: number;
  /** Seconds, 0 for none. */
  readonly expiry: number;
  /** Place among all. */
  readonly order: number;
  /** Sessions of the publisher in which it was sent: QoS 2 counts once in each. */
  readonly epochs: Set<number>;
  /** Places among all arrivals at the broker. */
  firstRouted: number;
  lastRouted: number;
  firstRoutedAt: number;
  /** Who is known to be subscribed at each arrival that may have counted. */
  receivers: Receiver[];
  isAcknowledged: boolean;
  /** Whether it reached the broker is not known. */
  isUncertain: boolean;
  /** Copies that a client may get, in each of the ways. */
  readonly copies: Map<string, Copy[]>;
  /** Groups that share it, and the members who may get it. */
  readonly groups: Map<string, Set<SessionModel>>;
  /** Copies as a retained message that subscriptions of the client asked for. */
  readonly retainedCopies: Map<string, number>;
}

export interface Receiver {
  readonly session: SessionModel;
  readonly epoch: number;
  readonly connection: ServerEnd | undefined;
}

/** How a message goes to a client; undefined fields are open. */
export interface Copy {
  readonly qos: QoS | undefined;
  readonly identifiers: string | undefined;
  readonly retain: boolean | undefined;
}

export function newPublication(
  fields: Pick<Publication, "message" | "client" | "topicName" | "qos" | "retain" | "size" | "expiry" | "order">,
): Publication {
  return {
    ...fields,
    epochs: new Set(),
    firstRouted: 0,
    lastRouted: 0,
    firstRoutedAt: 0,
    receivers: [],
    isAcknowledged: false,
    isUncertain: false,
    copies: new Map(),
    groups: new Map(),
    retainedCopies: new Map(),
  };
}
