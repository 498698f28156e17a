import type { JSX, TargetedSubmitEvent } from "preact";
import { type Column, DataTable } from "../page/data-table.tsx";
import { fieldText } from "../page/field-text.ts";
import { ListCard } from "../page/list-card.tsx";
import { addressOf } from "../page/route.ts";
import { useAction } from "../page/use-action.ts";
import { useList } from "../page/use-list.ts";
import { count } from "../text/numbers.ts";
import { type Plan, type PlanList, send } from "./admin-api.ts";
import { NameField } from "./name-field.tsx";
import { maximaOf, pathOfPlan } from "./plan-limits.ts";

const EVERY_MS = 5_000;

const COLUMNS: readonly Column<Plan>[] = [
  { name: "Plan", cell: ({ name }) => <a href={addressOf("plans", name)}>{name}</a> },
  { name: "Limits", isNumber: true, cell: (plan) => count(Object.keys(plan.limits).length + Object.keys(maximaOf(plan)).length) },
  {
    name: "Names",
    isLong: true,
    cell: (plan) => [...Object.keys(plan.limits), ...Object.keys(maximaOf(plan))].join(", "),
  },
];

/** The sets of limits that tenants share, for the operator. */
export function PlansPage(): JSX.Element {
  const list = useList<PlanList>("plans", EVERY_MS);
  return (
    <>
      <ListCard
        title="Plans"
        list={list}
        meta={({ meta }) => meta}
        about="A plan is a set of limits that tenants share. What it does not say is as the broker's configuration has it."
      >
        {({ plans }) => (
          <DataTable label="Plans" columns={COLUMNS} rows={plans} keyOf={({ name }) => name} empty="There is no plan." />
        )}
      </ListCard>
      <PlanForm plans={list.value?.plans ?? []} onMade={list.refresh} />
    </>
  );
}

/** Makes a plan: empty, or with the limits of another. */
function PlanForm({ plans, onMade }: { plans: readonly Plan[]; onMade: () => void }): JSX.Element {
  const { isBusy, problem, run } = useAction();
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const name = fieldText(data, "name").trim();
    const from = plans.find((plan) => plan.name === fieldText(data, "from"));
    const isWell = await run(async () => {
      if (plans.some((plan) => plan.name === name)) throw new Error(`There is a plan ${name} already.`);
      await send("PUT", pathOfPlan(name), from === undefined ? {} : { limits: from.limits, ...maximaOf(from) });
    });
    if (!isWell) return;
    onMade();
    location.hash = addressOf("plans", name);
  };
  return (
    <section class="card" aria-labelledby="plan-form-title">
      <h2 id="plan-form-title">Create a plan</h2>
      <form class="row" onSubmit={(event) => void submit(event)}>
        <NameField />
        <label>
          <span>With the limits of</span>
          <select name="from">
            <option value="">no other</option>
            {plans.map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <button type="submit" disabled={isBusy}>
          Create
        </button>
      </form>
      <p class="bad" role="alert">
        {problem}
      </p>
    </section>
  );
}
