import type { TraceEvent } from "@bowline/protocol/internal";

/** Rows that a browser lays out anew in a few milliseconds. */
export const ROWS_MAX = 500;

/** An event that is shown in the list. */
export interface TraceRow {
  /** Number since the trace began, from 1. */
  readonly number: number;
  readonly event: Extract<TraceEvent, { kind: "packet" | "closed" | "dropped" }>;
}

/** What a trace has told so far. A new object for each change, so that views know. */
export interface TraceLog {
  /** Newest first. */
  readonly rows: readonly TraceRow[];
  readonly packets: number;
  /** Packets that the broker did not tell, since the page did not keep up. */
  readonly dropped: number;
  readonly started?: Extract<TraceEvent, { kind: "started" }>;
  readonly end?: Extract<TraceEvent, { kind: "end" }>;
}

export const EMPTY_LOG: TraceLog = { rows: [], packets: 0, dropped: 0 };

/** The log with these events, in their order. It keeps the newest rows. */
export function withEvents(log: TraceLog, events: readonly TraceEvent[]): TraceLog {
  let { packets, dropped, started, end } = log;
  const rows: TraceRow[] = [];
  let number = log.rows[0]?.number ?? 0;
  for (const event of events) {
    if (event.kind === "started") started = event;
    else if (event.kind === "end") end = event;
    else {
      if (event.kind === "packet") packets++;
      else if (event.kind === "dropped") dropped += event.packets;
      number++;
      rows.unshift({ number, event });
    }
  }
  return {
    rows: [...rows, ...log.rows].slice(0, ROWS_MAX),
    packets,
    dropped,
    ...(started === undefined ? {} : { started }),
    ...(end === undefined ? {} : { end }),
  };
}
