import { useEffect, useState } from "preact/hooks";
import { useIsVisible } from "../page/use-is-visible.ts";
import { type BrokerStatus, type ConnectionRow, getConnections, getStatus, RequestFailure } from "./admin-api.ts";

/** The broker as it was last heard of. What it said stays when it falls silent: `problem` then says since when. */
export interface BrokerReport {
  readonly status?: BrokerStatus;
  readonly connections?: readonly ConnectionRow[];
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
    const ask = async (): Promise<void> => {
      const startedAt = performance.now();
      const next = await askOnce();
      if (isOver) return;
      setReport((last) => merge(last, next));
      // A list of very many clients takes time to make; the page must not keep the broker busy with it.
      timer = setTimeout(() => void ask(), Math.max(INTERVAL_MS, 10 * (performance.now() - startedAt)));
    };
    void ask();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [isVisible, restart]);
  return report;
}

async function askOnce(): Promise<BrokerReport> {
  try {
    const [status, connections] = await Promise.all([getStatus(), getConnections()]);
    return { status, connections };
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
