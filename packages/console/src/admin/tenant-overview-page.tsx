import type { ComponentChildren, JSX } from "preact";
import { Facts, Waiting } from "../page/facts.tsx";
import { addressOf } from "../page/route.ts";
import { useResource } from "../page/use-resource.ts";
import { bytes, count } from "../text/numbers.ts";
import type { TenantOverview } from "./admin-api.ts";
import { ListenersCard } from "./listeners-card.tsx";
import { useTenantPath } from "./tenant-scope.ts";

const EVERY_MS = 2_000;

/** One tenant at a glance, and how to reach it. */
export function TenantOverviewPage(): JSX.Element {
  const { value, problem } = useResource<TenantOverview>(useTenantPath()("overview"), EVERY_MS);
  if (value === undefined) return <Waiting problem={problem} />;
  return (
    <div class="pair">
      <section class="card" aria-labelledby="tenant-title">
        <h2 id="tenant-title">Tenant {value.name}</h2>
        <Facts rows={tenantFacts(value)} />
      </section>
      <section class="card" aria-labelledby="month-title">
        <h2 id="month-title">This month</h2>
        <Facts rows={monthFacts(value)} />
        <p class="apart">
          <a href={addressOf("usage")}>By hour and by month</a>
        </p>
      </section>
      <ListenersCard urls={value.urls} hosts={value.hosts} />
    </div>
  );
}

type Rows = readonly (readonly [string, ComponentChildren])[];

function tenantFacts({ state, plan, connections, sessions, retainedMessages, storage }: TenantOverview): Rows {
  return [
    ["State", state === "active" ? "active" : <span class="bad">{state}</span>],
    ["Plan", plan ?? "none"],
    ["Connections", count(connections)],
    ["Sessions", count(sessions)],
    ["Retained messages", count(retainedMessages)],
    ["Storage", storage === "ok" ? "ok" : <span class="bad">takes no writes</span>],
  ];
}

function monthFacts({ month }: TenantOverview): Rows {
  return [
    ["Session minutes", count(month?.sessionMinutes ?? 0)],
    ["Messages in", count(month?.messagesReceived ?? 0)],
    ["Messages out", count(month?.messagesSent ?? 0)],
    ["Traffic in", bytes(month?.bytesReceived ?? 0)],
    ["Traffic out", bytes(month?.bytesSent ?? 0)],
  ];
}
