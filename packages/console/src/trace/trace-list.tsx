import type { JSX } from "preact";
import { memo } from "preact/compat";
import { bytes, count } from "../text/numbers.ts";
import { timeOfDayMs } from "../text/times.ts";
import { visibleLine, visibleText } from "../text/visible-text.ts";
import { viewPayload } from "../mqtt/payload-view.ts";
import type { TracedPacket, TracedPayload } from "@bowline/protocol/internal";
import type { TraceRow } from "./trace-log.ts";

/** What passed, newest first. */
export function TraceList({ rows }: { rows: readonly TraceRow[] }): JSX.Element {
  if (rows.length === 0) return <p class="empty">No packet yet.</p>;
  return (
    <ol class="trace-list" aria-label="Packets, newest first" tabIndex={0}>
      {rows.map((row) => (
        <TraceItem key={row.number} row={row} />
      ))}
    </ol>
  );
}

// A row never changes, and several come with each turn.
const TraceItem = memo(({ row: { event } }: { row: TraceRow }): JSX.Element => {
  if (event.kind === "dropped") return <li class="bad">{count(event.packets)} packets are missing here</li>;
  const who = event.clientIdentifier === "" ? event.remoteAddress : event.clientIdentifier;
  return (
    <li>
      <p class="trace-head">
        <time dateTime={new Date(event.at).toISOString()}>{timeOfDayMs(event.at)}</time>
        <bdi class="trace-who">{visibleLine(who)}</bdi>
        {event.kind === "closed" ? <Ended reason={event.reason} /> : <PacketHead packet={event} />}
      </p>
      {event.kind === "packet" && <PacketMore packet={event} />}
    </li>
  );
});

function Ended({ reason }: { reason: string }): JSX.Element {
  return (
    <>
      <strong class="trace-type">closed</strong>
      <span>{visibleLine(reason)}</span>
    </>
  );
}

function PacketHead({ packet: { direction, type, summary, bytes: size, fault } }: { packet: TracedPacket }): JSX.Element {
  return (
    <>
      <strong class={`trace-type ${direction}`}>
        <span aria-hidden="true">{direction === "in" ? "→ " : "← "}</span>
        {type}
        <span class="unseen">{direction === "in" ? " from the client" : " to the client"}</span>
      </strong>
      <span class={fault === undefined ? "trace-words" : "trace-words bad"}>
        <bdi>{visibleLine(fault ?? summary)}</bdi>
      </span>
      <span class="muted trace-size">{bytes(size)}</span>
    </>
  );
}

function PacketMore({ packet: { fields, payload } }: { packet: TracedPacket }): JSX.Element | null {
  const properties = fields?.["properties"];
  if (properties === undefined && (payload === undefined || payload.bytes === 0)) return null;
  return (
    <div class="trace-more">
      {properties !== undefined && <p class="muted">{visibleLine(JSON.stringify(properties))}</p>}
      {payload !== undefined && <Payload payload={payload} />}
    </div>
  );
}

function Payload({ payload: { text, base64, bytes: size, isCut } }: { payload: TracedPayload }): JSX.Element | null {
  const shown = text ?? (base64 === undefined ? undefined : hexOf(base64));
  if (shown === undefined) return null;
  return (
    <>
      <pre class={text === undefined ? "hex" : "text"}>{visibleText(shown)}</pre>
      {isCut === true && <p class="muted">The beginning of {bytes(size)}.</p>}
    </>
  );
}

function hexOf(base64: string): string {
  const raw = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return viewPayload(raw, "hex", false).text;
}
