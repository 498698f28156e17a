import type { JSX, TargetedSubmitEvent } from "preact";
import { useEffect } from "preact/hooks";
import { fieldText } from "../page/field-text.ts";
import { TimeSelect } from "../page/time-select.tsx";
import { useNow } from "../page/use-now.ts";
import { count } from "../text/numbers.ts";
import { duration } from "../text/times.ts";
import { visibleText } from "../text/visible-text.ts";
import { TraceList } from "./trace-list.tsx";
import { type TraceLog, ROWS_MAX } from "./trace-log.ts";
import { type TraceControl, useTrace } from "./use-trace.ts";

const TIMES = [
  [60, "1 minute"],
  [300, "5 minutes"],
  [3_600, "1 hour"],
] as const;

/** Live packets of one client, about topics, or from an address. `query` fills the form, and begins at once. */
export function TracePage({ query }: { query: URLSearchParams }): JSX.Element {
  const trace = useTrace();
  const { start } = trace;
  const linked = query.toString();
  useEffect(() => {
    if (linked !== "") start(new URLSearchParams(linked));
    // The link alone begins a trace: what it is asked with later is the form's.
  }, [linked]);
  return (
    <>
      <TraceForm query={query} trace={trace} />
      <section class="card" aria-labelledby="packets-title">
        <div class="card-head">
          <h2 id="packets-title">Packets</h2>
          <TraceState trace={trace} />
          <div class="buttons">
            <button type="button" class="quiet" onClick={trace.clear} disabled={trace.log.rows.length === 0}>
              Clear
            </button>
          </div>
        </div>
        <TraceList rows={trace.log.rows} />
      </section>
    </>
  );
}

function TraceForm({ query, trace }: { query: URLSearchParams; trace: TraceControl }): JSX.Element {
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    trace.start(queryOf(new FormData(event.currentTarget)));
  };
  const field = (name: string, title: string, placeholder: string): JSX.Element => (
    <label class="grow">
      <span>{title}</span>
      <input
        name={name}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        placeholder={placeholder}
        defaultValue={query.get(name) ?? ""}
      />
    </label>
  );
  return (
    <section class="card" aria-labelledby="trace-title">
      <h2 id="trace-title">Trace packets</h2>
      <p class="muted">
        What is given must all hold; an empty form traces everybody. A client's refused CONNECT is shown too. Passwords and tokens
        are never shown.
      </p>
      <form class="row" onSubmit={submit}>
        {field("client", "Client ID", "")}
        {field("topic", "Topic filter", "plant/#")}
        {field("address", "Address or range", "10.0.0.0/8")}
        <TimeSelect name="seconds" title="For at most" times={TIMES} chosen={300} />
        <button type="submit">{trace.isRunning ? "Start anew" : "Start"}</button>
        {trace.isRunning && (
          <button type="button" class="quiet" onClick={trace.stop}>
            Stop
          </button>
        )}
      </form>
    </section>
  );
}

function TraceState({ trace: { log, isRunning, problem } }: { trace: TraceControl }): JSX.Element {
  return (
    <p class="muted counters">
      <span role="status" class={isRunning ? "state ok" : problem === "" ? "" : "state bad"}>
        {problem === "" ? stateText(log, isRunning) : visibleText(problem)}
      </span>
      {isRunning && log.started !== undefined && <Remaining until={log.started.at + log.started.seconds * 1_000} />}
      {log.packets > 0 && <span>{count(log.packets)} packets</span>}
      {log.packets > ROWS_MAX && <span>the newest {ROWS_MAX} are shown</span>}
      {log.dropped > 0 && <span class="bad">{count(log.dropped)} lost, this page did not keep up</span>}
    </p>
  );
}

function Remaining({ until }: { until: number }): JSX.Element {
  return <span>{duration(until - useNow())} left</span>;
}

const END_TEXTS: Readonly<Record<string, string>> = {
  time: "Ended: its time is over",
  packets: "Ended: as many packets as one trace shows",
  shutdown: "Ended with the broker",
  fault: "Ended by a fault of the broker; read its log",
};

function stateText({ started, end }: TraceLog, isRunning: boolean): string {
  if (isRunning) return started === undefined ? "Starting" : "Running";
  if (end !== undefined) return END_TEXTS[end.reason] ?? "Ended";
  return started === undefined ? "" : "Stopped";
}

function queryOf(form: FormData): URLSearchParams {
  const query = new URLSearchParams({ seconds: fieldText(form, "seconds") });
  for (const name of ["client", "topic", "address"]) {
    const value = fieldText(form, name);
    if (value !== "") query.set(name, value);
  }
  return query;
}
