import type { JSX, TargetedSubmitEvent } from "preact";
import { ConfirmButton } from "../page/confirm-button.tsx";
import { type Column, DataTable } from "../page/data-table.tsx";
import { fieldText } from "../page/field-text.ts";
import { ListCard } from "../page/list-card.tsx";
import type { PageMeta } from "../page/page-meta.ts";
import { TimeSelect } from "../page/time-select.tsx";
import { useAction } from "../page/use-action.ts";
import { useList } from "../page/use-list.ts";
import { visibleLine } from "../text/visible-text.ts";
import { type Ban, send } from "./admin-api.ts";
import { Moment } from "./cells.tsx";
import { useTenantPath } from "./tenant-scope.ts";

const EVERY_MS = 5_000;
const KINDS: readonly (readonly [Ban["kind"], string])[] = [
  ["user", "User"],
  ["client", "Client ID"],
  ["address", "Address or range"],
];
const HOUR_S = 3_600;
/** How long a ban may be chosen to last, in seconds; 0 until it is lifted. */
const TIMES = [
  [0, "Until it is lifted"],
  [HOUR_S, "1 hour"],
  [24 * HOUR_S, "1 day"],
  [7 * 24 * HOUR_S, "7 days"],
] as const;

/** Who may not come in. `query` fills the form, for a link from a client's page. */
export function BansPage({ query }: { query: URLSearchParams }): JSX.Element {
  const pathOf = useTenantPath();
  const list = useList<{ bans: readonly Ban[]; meta: PageMeta }>(pathOf("bans"), EVERY_MS);
  const { refresh } = list;
  const action = useAction();
  const lift = async (ban: Ban): Promise<void> => {
    if (await action.run(() => send("DELETE", pathOf(`bans/${ban.kind}/${encodeURIComponent(ban.value)}`)))) refresh();
  };
  const columns: readonly Column<Ban>[] = [
    { name: "Who", cell: ({ value: who }) => <bdi>{visibleLine(who)}</bdi> },
    { name: "What it is", cell: ({ kind }) => KINDS.find(([name]) => name === kind)?.[1] },
    { name: "Until", cell: ({ until }) => (until === undefined ? "it is lifted" : <Moment at={until} />) },
    { name: "Reason", isLong: true, cell: ({ reason = "" }) => <bdi>{visibleLine(reason)}</bdi> },
    {
      name: "Action",
      cell: (ban) => (
        <ConfirmButton
          label="Lift"
          isHarmless
          name={`Lift the ban of ${visibleLine(ban.value)}`}
          onConfirm={() => void lift(ban)}
        />
      ),
    },
  ];
  return (
    <>
      <BanForm query={query} onBanned={refresh} />
      <ListCard title="Bans" list={list} meta={({ meta }) => meta} searchBy="Who, or why" problem={action.problem}>
        {({ bans }) => (
          <DataTable
            label="Bans"
            columns={columns}
            rows={bans}
            keyOf={({ kind, value: who }) => `${kind} ${who}`}
            empty={list.search.trim() === "" ? "Nobody is banned." : "No ban matches the filter."}
          />
        )}
      </ListCard>
    </>
  );
}

function BanForm({ query, onBanned }: { query: URLSearchParams; onBanned: () => void }): JSX.Element {
  const { isBusy, problem, run } = useAction();
  const path = useTenantPath()("bans");
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget;
    const ban = banOf(new FormData(form));
    if (!(await run(() => send("POST", path, ban)))) return;
    form.reset();
    onBanned();
  };
  return (
    <section class="card" aria-labelledby="ban-title">
      <h2 id="ban-title">Ban somebody</h2>
      <p class="muted">Their connections end at once, and they are refused with Reason Code 0x8A until the ban is over.</p>
      <form class="row" onSubmit={(event) => void submit(event)}>
        <label>
          <span>What it is</span>
          <select name="kind" defaultValue={query.get("kind") ?? "user"}>
            {KINDS.map(([kind, title]) => (
              <option key={kind} value={kind}>
                {title}
              </option>
            ))}
          </select>
        </label>
        <label class="grow">
          <span>Who</span>
          <input name="value" required autocomplete="off" spellcheck={false} defaultValue={query.get("value") ?? ""} />
        </label>
        <TimeSelect name="seconds" title="How long" times={TIMES} />
        <label class="grow">
          <span>Reason, for operators</span>
          <input name="reason" autocomplete="off" />
        </label>
        <button type="submit" disabled={isBusy}>
          Ban
        </button>
      </form>
      <p class="bad" role="alert">
        {problem}
      </p>
    </section>
  );
}

function banOf(form: FormData): Ban {
  const seconds = Number(fieldText(form, "seconds"));
  const reason = fieldText(form, "reason").trim();
  return {
    kind: fieldText(form, "kind") as Ban["kind"],
    value: fieldText(form, "value"),
    ...(seconds > 0 ? { until: Date.now() + seconds * 1_000 } : {}),
    ...(reason === "" ? {} : { reason }),
  };
}
