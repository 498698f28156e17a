import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { type Column, DataTable, type Order } from "../page/data-table.tsx";
import { Waiting } from "../page/facts.tsx";
import { addressOf } from "../page/route.ts";
import { SearchField } from "../page/search-field.tsx";
import { useResource } from "../page/use-resource.ts";
import { count } from "../text/numbers.ts";
import { visibleLine } from "../text/visible-text.ts";
import { AwayTable } from "./away-table.tsx";
import type { ConnectionList, ConnectionRow } from "./admin-api.ts";
import { Loss, Moment, UserName, versionName } from "./cells.tsx";
import { useTenantPath } from "./tenant-scope.ts";

/** More rows than anybody reads; the filter finds the others. */
const ROWS_MAX = 100;
const EVERY_MS = 1_000;

/** The clients that are connected now, and those that are expected back. `ownClientId` marks the row of this page. */
export function ClientsPage({ ownClientId }: { ownClientId: string }): JSX.Element {
  const [search, setSearch] = useState("");
  const [order, setOrder] = useState<Order>({ by: "clientIdentifier", isDescending: false });
  const query = new URLSearchParams({
    search: search.trim(),
    order: order.by,
    descending: String(order.isDescending),
    limit: String(ROWS_MAX),
  });
  const path = useTenantPath()(`connections?${query.toString()}`);
  const { value, problem } = useResource<ConnectionList>(path, EVERY_MS);
  return (
    <>
      <section class="card" aria-labelledby="clients-title">
        <div class="card-head">
          <h2 id="clients-title">Connected clients</h2>
          <p class="muted" role="status">
            {value !== undefined && extent(value)}
          </p>
          <SearchField value={search} placeholder="Client ID, user or address" onSearch={setSearch} />
        </div>
        {value === undefined ? (
          <Waiting problem={problem} />
        ) : (
          <DataTable
            label="Connected clients"
            columns={columnsFor(ownClientId)}
            rows={value.connections}
            keyOf={({ id }) => id}
            order={order}
            onOrder={setOrder}
            empty={value.total === 0 ? "No client is connected." : "No client matches the filter."}
          />
        )}
      </section>
      <AwayTable search={search.trim()} />
    </>
  );
}

function columnsFor(ownClientId: string): readonly Column<ConnectionRow>[] {
  return [
    { name: "Client ID", order: "clientIdentifier", cell: (row) => <ClientLink row={row} ownClientId={ownClientId} /> },
    { name: "User", order: "owner", cell: ({ owner }) => <UserName name={owner} /> },
    { name: "Transport", order: "transport", cell: ({ transport }) => transport },
    { name: "Address", order: "remoteAddress", cell: ({ remoteAddress }) => <span class="address">{remoteAddress}</span> },
    { name: "MQTT", order: "protocolVersion", cell: ({ protocolVersion }) => versionName(protocolVersion) },
    { name: "Connected", order: "connectedAt", cell: ({ connectedAt }) => <Moment at={connectedAt} /> },
    { name: "Subscriptions", order: "subscriptions", isNumber: true, cell: (row) => count(row.subscriptions) },
    { name: "In flight", order: "inFlight", isNumber: true, cell: (row) => count(row.inFlight) },
    { name: "Queued", order: "queued", isNumber: true, cell: (row) => count(row.queued) },
    { name: "Dropped", order: "dropped", isNumber: true, cell: ({ dropped }) => <Loss value={dropped} /> },
  ];
}

function ClientLink({ row: { id, clientIdentifier }, ownClientId }: { row: ConnectionRow; ownClientId: string }): JSX.Element {
  return (
    <>
      <a href={addressOf("clients", String(id))}>
        <bdi>{visibleLine(clientIdentifier) || "(empty)"}</bdi>
      </a>
      {clientIdentifier === ownClientId && <span class="tag">this page</span>}
    </>
  );
}

function extent({ connections, found, total }: ConnectionList): string {
  if (connections.length < found) return `${count(connections.length)} of ${count(found)} shown`;
  return found < total ? `${count(found)} of ${count(total)}` : count(total);
}
