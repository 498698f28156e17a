import type { JSX } from "preact";
import { type Column, DataTable } from "../page/data-table.tsx";
import { Facts, Waiting } from "../page/facts.tsx";
import { useResource } from "../page/use-resource.ts";
import { count } from "../text/numbers.ts";
import type { ConnectionList, ConnectionRow, LimitsAnswer } from "./admin-api.ts";
import { addressOf } from "../page/route.ts";
import { visibleLine } from "../text/visible-text.ts";
import { Loss } from "./cells.tsx";
import { COUNTERS, type LimitRow, limitRows, metRows } from "./limit-rows.ts";
import { useTenantPath, useTenantScope } from "./tenant-scope.ts";

const EVERY_MS = 2_000;
/** Clients named among those who lost most. */
const LOSERS_MAX = 10;

const LIMIT_COLUMNS: readonly Column<LimitRow>[] = [
  {
    name: "Limit",
    cell: ({ name }) => <code>{name}</code>,
  },
  { name: "In force", isNumber: true, cell: ({ value }) => value },
  { name: "Reached", isNumber: true, cell: ({ reached }) => reached !== undefined && <Loss value={reached} /> },
  { name: "Of", isLong: true, cell: ({ about }) => about },
];

const LOSER_COLUMNS: readonly Column<ConnectionRow>[] = [
  {
    name: "Client ID",
    cell: ({ id, clientIdentifier }) => (
      <a href={addressOf("clients", String(id))}>
        <bdi>{visibleLine(clientIdentifier)}</bdi>
      </a>
    ),
  },
  { name: "Dropped", isNumber: true, cell: ({ dropped }) => <Loss value={dropped} /> },
  { name: "Transport full", isNumber: true, cell: ({ drops }) => count(drops.slowClient) },
  { name: "Queue full", isNumber: true, cell: ({ drops }) => count(drops.queueFull) },
  { name: "Too large", isNumber: true, cell: ({ drops }) => count(drops.tooLarge) },
  { name: "Expired", isNumber: true, cell: ({ drops }) => count(drops.expired) },
];

/** What the limits have cost so far, whom, and what they are. */
export function LimitsPage(): JSX.Element {
  const pathOf = useTenantPath();
  const { isOperator } = useTenantScope();
  const { value, problem } = useResource<LimitsAnswer>(pathOf("limits"), EVERY_MS);
  const query = `order=dropped&descending=true&limit=${LOSERS_MAX}`;
  const losers = useResource<ConnectionList>(pathOf(`connections?${query}`), EVERY_MS);
  if (value === undefined) return <Waiting problem={problem} />;
  const lost = (losers.value?.connections ?? []).filter(({ dropped }) => dropped > 0);
  return (
    <>
      <div class="thirds">
        {COUNTERS.map(({ title, rows }) => (
          <section key={title} class="card" aria-label={title}>
            <h2>{title}</h2>
            <Facts rows={rows.map(([key, name]) => [name, <Loss value={value.counters[key] ?? 0} />] as const)} />
          </section>
        ))}
      </div>
      <ReachedLimits limits={limitRows(value.limits, value.reached)} />
      <section class="card" aria-labelledby="losers-title">
        <h2 id="losers-title">Connected clients that lost most</h2>
        <DataTable
          label="Connected clients that lost most"
          columns={LOSER_COLUMNS}
          rows={lost}
          keyOf={({ id }) => id}
          empty="No client that is connected has lost a message."
        />
      </section>
      <section class="card" aria-labelledby="limits-title">
        <h2 id="limits-title">Limits in force</h2>
        {value.plan !== null && (
          <p>
            The plan is <strong>{value.plan}</strong>; what it does not say is as the broker's configuration has it.
          </p>
        )}
        {isOperator && (
          <p class="muted">
            They stand in the group <code>limits</code> of the configuration and in plans; <code>bowline config reload</code> puts
            changes in force.
          </p>
        )}
        <DataTable
          label="Limits in force"
          columns={LIMIT_COLUMNS}
          rows={limitRows(value.limits, value.reached)}
          keyOf={({ name }) => name}
          empty=""
        />
      </section>
    </>
  );
}

/** The quotas that somebody has met, by name: what a tenant's owner looks for first. */
function ReachedLimits({ limits }: { limits: readonly LimitRow[] }): JSX.Element | null {
  const reached = metRows(limits);
  if (reached.length === 0) return null;
  return (
    <section class="card" aria-labelledby="reached-title">
      <h2 id="reached-title">Limits reached</h2>
      <p class="muted">
        Since the broker was started; limits that are counted together have one number. Clients that were not let in or were sent
        away are on the page <a href={addressOf("refused")}>Refused</a>.
      </p>
      <DataTable label="Limits reached" columns={LIMIT_COLUMNS} rows={reached} keyOf={({ name }) => name} empty="" />
    </section>
  );
}
