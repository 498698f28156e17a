import type { JSX } from "preact";
import { type Column, DataTable } from "../page/data-table.tsx";
import { Waiting } from "../page/facts.tsx";
import { useResource } from "../page/use-resource.ts";
import { bytes, count } from "../text/numbers.ts";
import type { Usage, UsageReport } from "./admin-api.ts";
import { useTenantPath } from "./tenant-scope.ts";
import { UsageChart } from "./usage-chart.tsx";

const EVERY_MS = 5_000;
/** Hours in the table; the chart has those of two days. */
const HOURS_SHOWN = 24;

const columns = (name: string): readonly Column<Usage>[] => [
  { name, cell: ({ period }) => period.replace("T", " ") + (period.includes("T") ? ":00" : "") },
  { name: "Session minutes", isNumber: true, cell: ({ sessionMinutes }) => count(sessionMinutes) },
  { name: "Messages in", isNumber: true, cell: ({ messagesReceived }) => count(messagesReceived) },
  { name: "Messages out", isNumber: true, cell: ({ messagesSent }) => count(messagesSent) },
  { name: "Traffic in", isNumber: true, cell: ({ bytesReceived }) => bytes(bytesReceived) },
  { name: "Traffic out", isNumber: true, cell: ({ bytesSent }) => bytes(bytesSent) },
];
const HOUR_COLUMNS = columns("Hour");
const MONTH_COLUMNS = columns("Month");

/** What the tenant used, by hour and by month. */
export function UsagePage(): JSX.Element {
  const { value, problem } = useResource<UsageReport>(useTenantPath()("usage"), EVERY_MS);
  if (value === undefined) return <Waiting problem={problem} />;
  return (
    <>
      <section class="card" aria-labelledby="chart-title">
        <h2 id="chart-title">Messages of the last two days</h2>
        <UsageChart hours={value.hours} />
      </section>
      <section class="card" aria-labelledby="months-title">
        <h2 id="months-title">By month</h2>
        <p class="muted">
          Session minutes are sessions, connected or kept, times the minutes that each was there. Hours and months are of UTC.
        </p>
        <DataTable
          label="Usage by month"
          columns={MONTH_COLUMNS}
          rows={value.months}
          keyOf={({ period }) => period}
          empty={NOTHING}
        />
      </section>
      <section class="card" aria-labelledby="hours-title">
        <h2 id="hours-title">By hour</h2>
        <DataTable
          label="Usage by hour"
          columns={HOUR_COLUMNS}
          rows={value.hours.slice(0, HOURS_SHOWN)}
          keyOf={({ period }) => period}
          empty={NOTHING}
        />
      </section>
    </>
  );
}

const NOTHING = "Nothing was used yet.";
