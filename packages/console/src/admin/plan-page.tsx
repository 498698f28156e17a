import type { JSX, TargetedSubmitEvent } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ConfirmButton } from "../page/confirm-button.tsx";
import { type Column, DataTable } from "../page/data-table.tsx";
import { Waiting } from "../page/facts.tsx";
import { fieldText } from "../page/field-text.ts";
import { addressOf } from "../page/route.ts";
import { type Action, useAction } from "../page/use-action.ts";
import { useResource } from "../page/use-resource.ts";
import { visibleLine } from "../text/visible-text.ts";
import { getResource, type Plan, type PlanList, send } from "./admin-api.ts";
import { type LimitRow, limitRows } from "./limit-rows.ts";
import { CHOICES, limitOf, namesOf, pathOfPlan, valuesOf, withLimit } from "./plan-limits.ts";

const EVERY_MS = 5_000;

/** One plan: what it limits, and another value for each of it. */
export function PlanPage({ name }: { name: string }): JSX.Element {
  const { value, problem, refresh } = useResource<PlanList>("plans", EVERY_MS);
  const action = useAction();
  const [edited, setEdited] = useState<Edited>({ limit: "", turn: 0 });
  const edit = (limit: string): void => setEdited(({ turn }) => ({ limit, turn: turn + 1 }));
  const plan = value?.plans.find((each) => each.name === name);
  if (value === undefined) return <Waiting problem={problem} />;
  const set = async (limit: string, to: number | string | undefined): Promise<boolean> => {
    const isWell = await action.run(async () => {
      // Somebody else may have changed another limit since the page asked last.
      const latest = await getResource<Plan>(pathOfPlan(name), new AbortController().signal);
      await send("PUT", pathOfPlan(name), withLimit(latest, limit, to));
    });
    if (isWell) refresh();
    return isWell;
  };
  const remove = async (): Promise<void> => {
    if (await action.run(() => send("DELETE", pathOfPlan(name)))) location.hash = addressOf("plans");
  };
  return (
    <>
      <p class="back">
        <a href={addressOf("plans")}>All plans</a>
      </p>
      {plan === undefined ? (
        <p class="alarm" role="alert">
          There is no plan {visibleLine(name)}.
        </p>
      ) : (
        <>
          <PlanCard
            plan={plan}
            action={action}
            onEdit={edit}
            onTakeOut={(limit) => void set(limit, undefined)}
            onDelete={() => void remove()}
          />
          <LimitForm
            plan={plan}
            names={namesOf(value.limitNames)}
            edited={edited}
            onChoose={(limit) => setEdited({ limit, turn: 0 })}
            onSet={set}
            isBusy={action.isBusy}
          />
        </>
      )}
    </>
  );
}

interface PlanCardProps {
  readonly plan: Plan;
  readonly action: Action;
  readonly onEdit: (limit: string) => void;
  readonly onTakeOut: (limit: string) => void;
  readonly onDelete: () => void;
}

function PlanCard({ plan, action: { isBusy, problem }, onEdit, onTakeOut, onDelete }: PlanCardProps): JSX.Element {
  const { name } = plan;
  return (
    <section class="card" aria-labelledby="plan-title">
      <div class="card-head">
        <h2 id="plan-title">Plan {name}</h2>
        <div class="buttons">
          <ConfirmButton label="Delete" name={`Delete the plan ${name}`} isBusy={isBusy} onConfirm={onDelete} />
        </div>
      </div>
      <p class="muted">
        A change is in force at once for its tenants, and ends no connection. What is not here is as the broker's configuration has
        it. A plan that is built in is as it was once it is deleted.
      </p>
      <p class="bad" role="alert">
        {problem}
      </p>
      <DataTable
        label={`Limits of ${name}`}
        columns={columnsFor(isBusy, onEdit, onTakeOut)}
        rows={limitRows(valuesOf(plan))}
        keyOf={(row) => row.name}
        empty="It limits nothing: all is as the configuration has it."
      />
    </section>
  );
}

function columnsFor(
  isBusy: boolean,
  onEdit: (limit: string) => void,
  onRemove: (limit: string) => void,
): readonly Column<LimitRow>[] {
  return [
    { name: "Limit", cell: ({ name }) => <code>{name}</code> },
    { name: "Value", isNumber: true, cell: ({ value }) => value },
    { name: "Of", isLong: true, cell: ({ about }) => about },
    {
      name: "Actions",
      cell: ({ name }) => (
        <span class="buttons">
          <button type="button" class="quiet" aria-label={`Change ${name}`} onClick={() => onEdit(name)}>
            Change
          </button>
          <ConfirmButton label="Remove" name={`Remove ${name}`} isBusy={isBusy} onConfirm={() => onRemove(name)} />
        </span>
      ),
    },
  ];
}

/** The limit that the form is about; empty for the first. Another turn each time that somebody asks for one. */
interface Edited {
  readonly limit: string;
  readonly turn: number;
}

interface LimitFormProps {
  readonly plan: Plan;
  readonly names: readonly string[];
  readonly edited: Edited;
  readonly onChoose: (limit: string) => void;
  readonly onSet: (limit: string, to: number | string) => Promise<boolean>;
  readonly isBusy: boolean;
}

function LimitForm({ plan, names, edited, onChoose, onSet, isBusy }: LimitFormProps): JSX.Element {
  const chosen = edited.limit === "" ? (names[0] ?? "") : edited.limit;
  const [about] = limitRows({ [chosen]: 0 });
  const now = valuesOf(plan)[chosen];
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    void onSet(chosen, limitOf(chosen, fieldText(new FormData(event.currentTarget), "value")));
  };
  return (
    <section class="card" aria-labelledby="limit-form-title">
      <h2 id="limit-form-title">Set a limit</h2>
      <form class="row" onSubmit={submit}>
        <label class="grow">
          <span>Limit</span>
          <select name="limit" value={chosen} onChange={(event) => onChoose(event.currentTarget.value)}>
            {names.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <ValueField
          key={`${chosen} ${edited.turn}`}
          limit={chosen}
          unit={about?.unit ?? ""}
          now={now}
          isFocused={edited.turn > 0}
        />
        <button type="submit" disabled={isBusy}>
          Set
        </button>
      </form>
      <p class="muted">{about?.about}</p>
    </section>
  );
}

interface ValueFieldProps {
  readonly limit: string;
  readonly unit: string;
  readonly now: number | string | undefined;
  /** It was asked for by the button of its row: the eye should not have to look for it. */
  readonly isFocused: boolean;
}

function ValueField({ limit, unit, now, isFocused }: ValueFieldProps): JSX.Element {
  const choices = CHOICES[limit];
  const field = useRef<HTMLInputElement & HTMLSelectElement>(null);
  useEffect(() => {
    if (isFocused) field.current?.focus();
  }, [isFocused]);
  return (
    <label class="grow">
      <span>{`Value${unit === "" ? "" : `, ${unit}`}`}</span>
      {choices === undefined ? (
        <input
          type="number"
          name="value"
          min={0}
          step={1}
          required
          defaultValue={now === undefined ? "" : String(now)}
          ref={field}
        />
      ) : (
        <select name="value" defaultValue={String(now ?? choices[0])} ref={field}>
          {choices.map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
        </select>
      )}
    </label>
  );
}
