import type { SharedGroup } from "@bowline/protocol/internal";
import type { Session, Subscription } from "../sessions/session.ts";

/** What the subscription tree holds: a Session's own subscription, or a group that shares one. */
export type Subscriber = Subscription | SharedSubscriber;

export interface SharedSubscriber {
  readonly kind: "shared";
  /** As subscribed: `$share/ShareName/...`. */
  readonly name: string;
  /** Without `$share/ShareName/`. */
  readonly topicFilter: string;
  readonly group: SharedGroup<Session, Subscription>;
}
