import type { QoS } from "@bowline/protocol";
import type { SharedGroup } from "@bowline/protocol/internal";
import type { Session } from "../sessions/session.ts";

/** One Topic Filter of one Session with its Subscription Options, section 3.8.3.1. Replaced, not changed, by a new SUBSCRIBE. */
export interface Subscription {
  readonly kind: "single";
  readonly session: Session;
  /** As subscribed, `$share/...` included. */
  readonly topicFilter: string;
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly retainHandling: 0 | 1 | 2;
  /** 0 for none. */
  readonly subscriptionIdentifier: number;
}

/** What the subscription tree holds: a Session's own subscription, or a group that shares one. */
export type Subscriber = Subscription | SharedSubscriber;

export interface SharedSubscriber {
  readonly kind: "shared";
  /** Without `$share/ShareName/`. */
  readonly topicFilter: string;
  readonly group: SharedGroup<Session, Subscription>;
}
