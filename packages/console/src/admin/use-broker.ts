import { useEffect, useState } from "preact/hooks";
import { useIsVisible } from "../page/use-is-visible.ts";
import {
  type BrokerStatus,
  getOverview,
  getSession,
  getStatus,
  RequestFailure,
  type Session,
  type TenantOverview,
} from "./admin-api.ts";

/** The broker as it was last heard of. What it said stays when it falls silent: `problem` then says since when. */
export interface BrokerReport {
  /** Who looks. */
  readonly session?: Session;
  /** For the operator. */
  readonly status?: BrokerStatus;
  /** For a tenant's administrator: of its own. */
  readonly overview?: TenantOverview;
  readonly problem?: BrokerProblem;
}

export interface BrokerProblem {
  readonly message: string;
  /** Wall time in ms of the first request that failed. */
  readonly since: number;
  /** There was no answer at all. */
  readonly isSilent: boolean;
  /** The broker does not, or no longer, know this browser. */
  readonly isSignedOut: boolean;
}

const INTERVAL_MS = 1_000;

/** Asks the broker how it is every second while the page can be seen. `restart` asks again at once when it changes. */
export function useBroker(restart: unknown): BrokerReport {
  const [report, setReport] = useState<BrokerReport>({});
  const isVisible = useIsVisible();
  useEffect(() => {
    if (!isVisible) return undefined;
    let timer = 0;
    let isOver = false;
    let session: Session | undefined;
    const ask = async (): Promise<void> => {
      const next = await askOnce(session);
      // Somebody may have signed this browser in as somebody else, in another tab: whoever is refused asks who it is.
      const isRefused = next.problem !== undefined && !next.problem.isSilent;
      session = isRefused ? undefined : (next.session ?? session);
      if (isOver) return;
      setReport((last) => merge(last, next));
      timer = setTimeout(() => void ask(), INTERVAL_MS);
    };
    void ask();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [isVisible, restart]);
  return report;
}

/** A browser that is not known asks that first, so that no refused request stands in its console each second. */
async function askOnce(known: Session | undefined): Promise<BrokerReport> {
  try {
    const session = known ?? (await getSession());
    if (session.role === null) throw new RequestFailure(401, "not signed in");
    if (session.role === "tenant") return { session, overview: await getOverview(session.tenant) };
    return { session, status: await getStatus() };
  } catch (error) {
    const failure = error instanceof RequestFailure ? error : new RequestFailure(0, String(error), { cause: error });
    const { message, isSignedOut, status } = failure;
    return { problem: { message, since: Date.now(), isSilent: status === 0, isSignedOut } };
  }
}

function merge(last: BrokerReport, next: BrokerReport): BrokerReport {
  if (next.problem === undefined) return next;
  return { ...last, problem: { ...next.problem, since: last.problem?.since ?? next.problem.since } };
}
