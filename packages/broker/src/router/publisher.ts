import type { Sender } from "@bowline/protocol/internal";
import type { Session } from "../sessions/session.ts";
import type { Route } from "./route.ts";

/** What the router needs of the connection that a PUBLISH came from, and what it remembers there. */
export interface Publisher {
  readonly session: Session | undefined;
  readonly sender: Sender;
  /** The topic published last, and 0 or the Reason Code with which it is refused. */
  lastRoute: Route | undefined;
  lastRouteDenied: number;
}
