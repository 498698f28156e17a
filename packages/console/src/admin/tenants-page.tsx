import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { type Column, DataTable } from "../page/data-table.tsx";
import { Waiting } from "../page/facts.tsx";
import { addressOf } from "../page/route.ts";
import { useResource } from "../page/use-resource.ts";
import { count } from "../text/numbers.ts";
import type { OverviewList, TenantOverview } from "./admin-api.ts";
import { KeysCard } from "./keys-card.tsx";
import { TenantForm } from "./tenant-form.tsx";

const EVERY_MS = 2_000;
/** More rows than anybody reads; the filter finds the others. */
const ROWS_MAX = 100;

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
  const [search, setSearch] = useState("");
  const query = new URLSearchParams({ limit: String(ROWS_MAX), search: search.trim() });
  const { value, problem, refresh } = useResource<OverviewList>(`overviews?${query.toString()}`, EVERY_MS);
  return (
    <>
      <section class="card" aria-labelledby="tenants-title">
        <div class="card-head">
          <h2 id="tenants-title">Tenants</h2>
          <p class="muted">{value !== undefined && `${count(value.meta.count)}, messages are this month's`}</p>
          <label class="search">
            <span>Filter</span>
            <input
              type="search"
              value={search}
              placeholder="Name"
              autocomplete="off"
              spellcheck={false}
              onInput={(event) => setSearch(event.currentTarget.value)}
            />
          </label>
        </div>
        {value === undefined ? (
          <Waiting problem={problem} />
        ) : (
          <DataTable
            label="Tenants"
            columns={COLUMNS}
            rows={value.tenants}
            keyOf={({ name }) => name}
            empty="No tenant has such a name."
          />
        )}
      </section>
      <TenantForm onMade={refresh} />
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
