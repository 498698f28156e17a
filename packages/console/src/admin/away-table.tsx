import type { JSX } from "preact";
import { type Column, DataTable } from "../page/data-table.tsx";
import { useResource } from "../page/use-resource.ts";
import { count } from "../text/numbers.ts";
import { visibleLine } from "../text/visible-text.ts";
import type { AwayList, AwayRow } from "./admin-api.ts";
import { Loss, Moment, UserName } from "./cells.tsx";
import { endsIn } from "./session-end.ts";
import { useTenantPath } from "./tenant-scope.ts";

const EVERY_MS = 5_000;
const ROWS_MAX = 100;

const COLUMNS: readonly Column<AwayRow>[] = [
  { name: "Client ID", cell: ({ clientIdentifier }) => <bdi>{visibleLine(clientIdentifier) || "(empty)"}</bdi> },
  { name: "User", cell: ({ owner }) => <UserName name={owner} /> },
  { name: "Left", cell: ({ disconnectedAt }) => <Moment at={disconnectedAt} /> },
  { name: "Session ends", cell: ({ disconnectedAt, expiryInterval }) => endsIn(expiryInterval, disconnectedAt, Date.now()) },
  { name: "Subscriptions", isNumber: true, cell: ({ subscriptions }) => count(subscriptions) },
  { name: "Queued", isNumber: true, cell: ({ queued }) => count(queued) },
  { name: "Dropped", isNumber: true, cell: ({ dropped }) => <Loss value={dropped} /> },
];

/** Clients that are away and whose Session waits for them. Nothing where there is none. */
export function AwayTable({ search }: { search: string }): JSX.Element | null {
  const query = new URLSearchParams({ limit: String(ROWS_MAX), search });
  const { value } = useResource<AwayList>(useTenantPath()(`sessions?${query.toString()}`), EVERY_MS);
  if (value === undefined || (value.meta.count === 0 && search === "")) return null;
  return (
    <section class="card" aria-labelledby="away-title">
      <div class="card-head">
        <h2 id="away-title">Away, with a session</h2>
        <p class="muted">
          {value.sessions.length < value.meta.count
            ? `${count(value.sessions.length)} of ${count(value.meta.count)} shown`
            : count(value.meta.count)}
        </p>
      </div>
      <DataTable
        label="Clients that are away"
        columns={COLUMNS}
        rows={value.sessions}
        keyOf={({ clientIdentifier, owner }) => `${owner} ${clientIdentifier}`}
        empty="No client that is away matches the filter."
      />
    </section>
  );
}
