import type { Counters } from "../metrics/counters.ts";
import type { Router } from "../router/router.ts";
import type { SessionRegistry } from "../sessions/session-registry.ts";

/** One deployment: everything in it is its own. The tenant `default` always exists. */
export interface Tenant {
  readonly name: string;
  readonly router: Router;
  readonly sessions: SessionRegistry;
  readonly counters: Counters;
}

export const DEFAULT_TENANT = "default";
