import { useEffect, useRef, useState } from "preact/hooks";
import { useTenantPath } from "../admin/tenant-scope.ts";
import type { TraceEvent } from "@bowline/protocol/internal";
import { EMPTY_LOG, type TraceLog, withEvents } from "./trace-log.ts";
import { traceStream } from "./trace-stream.ts";

/** As often as anybody can read. */
const SHOW_EVERY_MS = 100;

/** A trace of the page, at most one at a time. */
export interface TraceControl {
  readonly log: TraceLog;
  readonly isRunning: boolean;
  /** Why there is none, or no more; empty when all went well. */
  readonly problem: string;
  /** Ends the one that runs, and begins anew. */
  readonly start: (query: URLSearchParams) => void;
  readonly stop: () => void;
  readonly clear: () => void;
}

/** Opens a stream of live packets, and lets go of it when it ends, when the user says so, and with the view. */
export function useTrace(): TraceControl {
  const path = useTenantPath()("trace");
  const [log, setLog] = useState<TraceLog>(EMPTY_LOG);
  const [isRunning, setRunning] = useState(false);
  const [problem, setProblem] = useState("");
  const current = useRef<AbortController>(undefined);
  useEffect(() => () => current.current?.abort(), []);
  const stop = (): void => {
    current.current?.abort();
    setRunning(false);
  };
  const start = (query: URLSearchParams): void => {
    stop();
    const own = new AbortController();
    current.current = own;
    setLog(EMPTY_LOG);
    setProblem("");
    setRunning(true);
    const show = (events: readonly TraceEvent[]): void => setLog((last) => withEvents(last, events));
    void follow(traceStream(path, query, own.signal), own.signal, show).then((fault) => {
      if (own.signal.aborted) return;
      setProblem(fault);
      setRunning(false);
    });
  };
  const clear = (): void => setLog(({ started }) => (started === undefined ? EMPTY_LOG : { ...EMPTY_LOG, started }));
  return { log, isRunning, problem, start, stop, clear };
}

/** Shows what comes, a few times a second; answers why it ended before its time, or nothing. */
async function follow(
  stream: AsyncIterable<readonly TraceEvent[]>,
  signal: AbortSignal,
  show: (events: readonly TraceEvent[]) => void,
): Promise<string> {
  let waiting: TraceEvent[] = [];
  let isComplete = false;
  const flush = (): void => {
    if (waiting.length > 0 && !signal.aborted) show(waiting);
    waiting = [];
  };
  const timer = setInterval(flush, SHOW_EVERY_MS);
  try {
    for await (const events of stream) {
      waiting.push(...events);
      isComplete = events.at(-1)?.kind === "end";
    }
    return isComplete ? "" : "the broker ended before the trace did";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    clearInterval(timer);
    flush();
  }
}
