import type { JSX } from "preact";
import { bytes, count } from "../text/numbers.ts";
import { timeOfDay } from "../text/times.ts";
import type { BrokerStatus } from "./admin-api.ts";

/** What there is now, and what was counted since the broker's start. */
export function Totals({ status }: { status: BrokerStatus }): JSX.Element {
  const { totals } = status;
  return (
    <section class="card totals" aria-labelledby="totals-title">
      <h2 id="totals-title">Totals</h2>
      <h3>Now</h3>
      <dl class="figures">
        <Total name="Connections" value={count(totals.connections)} />
        <Total name="Sessions" value={count(totals.sessions)} />
        <Total name="Retained messages" value={count(totals.retainedMessages)} />
        <Total name="Memory" value={bytes(status.memoryBytes)} />
      </dl>
      <h3>
        Since <time dateTime={new Date(status.startedAt).toISOString()}>{timeOfDay(status.startedAt)}</time>
      </h3>
      <dl class="figures">
        <Total name="Messages in" value={count(totals.messagesReceived)} />
        <Total name="Messages out" value={count(totals.messagesSent)} />
        <Total name="Bytes in" value={bytes(totals.bytesReceived)} />
        <Total name="Bytes out" value={bytes(totals.bytesSent)} />
        <Total name="Messages dropped" value={count(totals.messagesDropped)} isBad={totals.messagesDropped > 0} />
        <Total name="Connections accepted" value={count(totals.connectionsAccepted)} />
        <Total name="Connections refused" value={count(totals.connectionsRefused)} isBad={totals.connectionsRefused > 0} />
      </dl>
    </section>
  );
}

function Total({ name, value, isBad = false }: { name: string; value: string; isBad?: boolean }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd class={isBad ? "bad" : undefined}>{value}</dd>
    </div>
  );
}
