import { droppedIn } from "../metrics/drops.ts";
import type { SessionView } from "../tenants/deployment.ts";
import { pageOf, searchOf } from "./page-of.ts";
import type { TenantApp } from "./tenant-env.ts";

/** The Session of a client that is away. */
export interface AwaySession {
  readonly clientIdentifier: string;
  /** Empty for anonymous clients. */
  readonly owner: string;
  /** Wall time in ms. */
  readonly disconnectedAt: number;
  /** Seconds. */
  readonly expiryInterval: number;
  readonly subscriptions: number;
  /** Messages that wait for it. */
  readonly queued: number;
  readonly dropped: number;
}

/** The Sessions that clients of a tenant are expected back to. */
export function addSessionRoutes(app: TenantApp): void {
  app.get("/sessions", (c) => {
    const has = searchOf(c);
    const away = c
      .get("deployment")
      .clients()
      .filter(({ connection }) => connection === undefined);
    const all = away.map(awaySession).filter(({ clientIdentifier, owner }) => has(clientIdentifier, owner));
    const { items, meta } = pageOf(
      c,
      all.sort((a, b) => b.disconnectedAt - a.disconnectedAt),
    );
    return c.json({ sessions: items, meta });
  });
}

function awaySession({ session }: SessionView): AwaySession {
  const { clientIdentifier, owner, disconnectedAt, expiryInterval, subscriptions, state, drops } = session;
  return {
    clientIdentifier,
    owner,
    disconnectedAt,
    expiryInterval,
    subscriptions: subscriptions.size,
    queued: state.queue.length + state.inFlight.count,
    dropped: droppedIn(drops?.total),
  };
}
