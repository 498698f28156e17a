import type { BrokerLimits } from "../connection/broker-limits.ts";
import type { Allowance } from "../connection/publish-rate.ts";
import type { Logger } from "../log/logger.ts";
import type { Counters } from "../metrics/counters.ts";
import type { DropLedger } from "../metrics/drop-ledger.ts";
import type { Router } from "../router/router.ts";
import type { SessionRegistry } from "../sessions/session-registry.ts";

/** Who may come in: everybody whom its authenticator knows, nobody for now, or nobody at all (it is not there, or on its way out). */
export type TenantGate = "open" | "paused" | "closed";

/** One deployment: everything in it is its own. The tenant `default` always exists. */
export interface Tenant {
  readonly name: string;
  readonly router: Router;
  readonly sessions: SessionRegistry;
  readonly counters: Counters;
  /** Names it in every line. */
  readonly logger: Logger;
  gate: TenantGate;
  /** Messages of its clients carry who sent them, see `STAMP_NAME`; for clients that connect from now on. */
  stampsSenders: boolean;
  /** What its clients did not get. */
  readonly drops: DropLedger;
  /** In force: the broker's, with the tenant's own over them. Another object when they change. */
  limits: BrokerLimits;
  /** What its clients may publish together; undefined where there is no such limit. */
  allowance: Allowance | undefined;
}

export const DEFAULT_TENANT = "default";
