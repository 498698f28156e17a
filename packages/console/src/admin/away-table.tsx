import type { JSX } from "preact";
import { type Column, DataTable } from "../page/data-table.tsx";
import { useResource } from "../page/use-resource.ts";
import { count } from "../text/numbers.ts";
import { visibleLine } from "../text/visible-text.ts";
import type { AwayList, AwayRow } from "./admin-api.ts";
import { Loss, Moment, UserName } from "./cells.tsx";
import { endsIn } from "./session-end.ts";

const EVERY_MS = 5_000;
const ROWS_MAX = 100;

const COLUMNS: readonly Column<AwayRow>[] = [
  { name: "Client ID", cell: ({ clientid }) => <bdi>{visibleLine(clientid) || "(empty)"}</bdi> },
  { name: "User", cell: ({ username }) => <UserName name={username ?? ""} /> },
  { name: "Left", cell: ({ disconnected_at: left }) => left !== undefined && <Moment at={Date.parse(left)} /> },
  {
    name: "Session ends",
    cell: ({ disconnected_at: left = "", expiry_interval: seconds }) => endsIn(seconds, Date.parse(left), Date.now()),
  },
  { name: "Subscriptions", isNumber: true, cell: (row) => count(row.subscriptions_cnt) },
  { name: "Queued", isNumber: true, cell: (row) => count(row.mqueue_len + row.inflight_cnt) },
  { name: "Dropped", isNumber: true, cell: (row) => <Loss value={row.mqueue_dropped} /> },
];

/** Clients that are away and whose Session waits for them. Nothing where there is none. */
export function AwayTable({ search }: { search: string }): JSX.Element | null {
  const query = new URLSearchParams({ conn_state: "disconnected", limit: String(ROWS_MAX), like_clientid: search });
  const { value } = useResource<AwayList>(`/api/v5/clients?${query.toString()}`, EVERY_MS);
  if (value === undefined || (value.meta.count === 0 && search === "")) return null;
  return (
    <section class="card" aria-labelledby="away-title">
      <div class="card-head">
        <h2 id="away-title">Away, with a session</h2>
        <p class="muted">
          {value.data.length < value.meta.count
            ? `${count(value.data.length)} of ${count(value.meta.count)} shown`
            : count(value.meta.count)}
        </p>
      </div>
      <DataTable
        label="Clients that are away"
        columns={COLUMNS}
        rows={value.data}
        keyOf={({ clientid, username }) => `${username ?? ""} ${clientid}`}
        empty="No client that is away has such a Client ID."
      />
    </section>
  );
}
