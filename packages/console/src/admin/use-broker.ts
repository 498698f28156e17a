import { useEffect, useState } from "preact/hooks";
import { useIsVisible } from "../page/use-is-visible.ts";
import { type BrokerStatus, getSession, getStatus, RequestFailure } from "./admin-api.ts";

/** The broker as it was last heard of. What it said stays when it falls silent: `problem` then says since when. */
export interface BrokerReport {
  readonly status?: BrokerStatus;
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
    let isKnown = false;
    const ask = async (): Promise<void> => {
      const next = await askOnce(isKnown);
      isKnown = next.problem?.isSignedOut !== true;
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
async function askOnce(isKnown: boolean): Promise<BrokerReport> {
  try {
    if (!isKnown && (await getSession()).role === null) throw new RequestFailure(401, "not signed in");
    return { status: await getStatus() };
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
