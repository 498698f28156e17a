import type { JSX } from "preact";
import { type Column, DataTable } from "../page/data-table.tsx";
import { ListCard } from "../page/list-card.tsx";
import { addressOf } from "../page/route.ts";
import { useList } from "../page/use-list.ts";
import { count } from "../text/numbers.ts";
import type { OverviewList, TenantOverview } from "./admin-api.ts";
import { KeysCard } from "./keys-card.tsx";
import { TenantForm } from "./tenant-form.tsx";

const EVERY_MS = 2_000;

const COLUMNS: readonly Column<TenantOverview>[] = [
  { name: "Tenant", cell: ({ name }) => <a href={addressOf("tenants", name)}>{name}</a> },
  { name: "State", cell: ({ state }) => <span class={state === "active" ? "good" : "bad"}>{state}</span> },
  { name: "Names", cell: ({ hosts }) => (hosts.length === 0 ? "all others" : <Hosts hosts={hosts} />) },
  { name: "Plan", cell: ({ plan }) => plan ?? "none" },
  { name: "Connections", isNumber: true, cell: ({ connections }) => count(connections) },
  { name: "Sessions", isNumber: true, cell: ({ sessions }) => count(sessions) },
  {
    name: "Messages",
    isNumber: true,
    cell: ({ month }) => count((month?.messagesReceived ?? 0) + (month?.messagesSent ?? 0)),
  },
];

/** All tenants, for the operator: what each has, how to make another, and the keys that reach all of them. */
export function TenantsPage(): JSX.Element {
  const list = useList<OverviewList>("overviews", EVERY_MS);
  return (
    <>
      <ListCard title="Tenants" list={list} meta={({ meta }) => meta} searchBy="Name" note=", messages are this month's">
        {({ tenants }) => (
          <DataTable
            label="Tenants"
            columns={COLUMNS}
            rows={tenants}
            keyOf={({ name }) => name}
            empty="No tenant has such a name."
          />
        )}
      </ListCard>
      <TenantForm onMade={list.refresh} />
      <KeysCard tenant={undefined} />
    </>
  );
}

function Hosts({ hosts }: { hosts: readonly string[] }): JSX.Element {
  return (
    <>
      {hosts.map((host) => (
        <code key={host} class="topic-item">
          {host}
        </code>
      ))}
    </>
  );
}
