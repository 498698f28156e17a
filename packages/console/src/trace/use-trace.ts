import { useEffect, useRef, useState } from "preact/hooks";
import type { TraceEvent } from "./trace-event.ts";
import { EMPTY_LOG, type TraceLog, withEvents } from "./trace-log.ts";

/** As often as anybody can read. */
const SHOW_EVERY_MS = 100;
const KINDS: readonly TraceEvent["kind"][] = ["started", "packet", "closed", "dropped", "end"];

/** A trace of the page, at most one at a time. */
export interface TraceControl {
  readonly log: TraceLog;
  readonly isRunning: boolean;
  /** The stream broke off, or the broker refused it. */
  readonly isBroken: boolean;
  /** Ends the one that runs, and begins anew. */
  readonly start: (query: URLSearchParams) => void;
  readonly stop: () => void;
  readonly clear: () => void;
}

/** Opens a stream of live packets, and lets go of it when it ends, when the user says so, and with the view. */
export function useTrace(): TraceControl {
  const [log, setLog] = useState<TraceLog>(EMPTY_LOG);
  const [state, setState] = useState<"idle" | "running" | "broken">("idle");
  const close = useRef<() => void>(() => undefined);
  useEffect(() => () => close.current(), []);
  const stop = (): void => {
    close.current();
    setState("idle");
  };
  const start = (query: URLSearchParams): void => {
    close.current();
    setLog(EMPTY_LOG);
    setState("running");
    close.current = openTrace(query, {
      tell: (events) => setLog((last) => withEvents(last, events)),
      over: (isBroken) => setState(isBroken ? "broken" : "idle"),
    });
  };
  const clear = (): void => setLog(({ started }) => (started === undefined ? EMPTY_LOG : { ...EMPTY_LOG, started }));
  return { log, isRunning: state === "running", isBroken: state === "broken", start, stop, clear };
}

interface TraceListener {
  readonly tell: (events: readonly TraceEvent[]) => void;
  readonly over: (isBroken: boolean) => void;
}

/** Answers how to end it. */
function openTrace(query: URLSearchParams, { tell, over }: TraceListener): () => void {
  const stream = new EventSource(`/api/v1/trace?${query.toString()}`);
  let waiting: TraceEvent[] = [];
  const flush = (): void => {
    if (waiting.length > 0) tell(waiting);
    waiting = [];
  };
  const timer = setInterval(flush, SHOW_EVERY_MS);
  const close = (): void => {
    flush();
    clearInterval(timer);
    stream.close();
  };
  for (const kind of KINDS) {
    stream.addEventListener(kind, ({ data }: MessageEvent<string>) => {
      waiting.push(JSON.parse(data) as TraceEvent);
      if (kind !== "end") return;
      close();
      over(false);
    });
  }
  // It would open the same trace again by itself, with a gap that nobody sees.
  stream.addEventListener("error", () => {
    close();
    over(true);
  });
  return close;
}
