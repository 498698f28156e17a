import type { JSX } from "preact";
import { ConfirmButton } from "../page/confirm-button.tsx";
import { type Column, DataTable } from "../page/data-table.tsx";
import { ListCard } from "../page/list-card.tsx";
import { TopicText } from "../page/topic-text.tsx";
import { type Action, useAction } from "../page/use-action.ts";
import { useList } from "../page/use-list.ts";
import { count } from "../text/numbers.ts";
import { visibleLine } from "../text/visible-text.ts";
import { AccessQuestion } from "./access-question.tsx";
import { type Rule, type RuleList, send } from "./admin-api.ts";
import { RuleForm } from "./rule-form.tsx";
import { conditionsOf, whoOf } from "./rule-words.ts";
import { useTenantPath } from "./tenant-scope.ts";

const EVERY_MS = 5_000;

/** The access rules in their order, what holds where none fits, and "may this client do that?". */
export function RulesPage(): JSX.Element {
  const list = useList<RuleList>(useTenantPath()("rules"), EVERY_MS);
  const { refresh } = list;
  const action = useAction();
  const act = async (request: () => Promise<unknown>): Promise<void> => {
    if (await action.run(request)) refresh();
  };
  return (
    <>
      <ListCard
        title="Access rules"
        list={list}
        meta={({ meta }) => meta}
        about="The first rule that fits decides. Changes hold at once, for messages that wait too, and disconnect nobody."
        problem={action.problem}
      >
        {(rules) => <RuleTable list={rules} first={list.first} action={action} act={act} />}
      </ListCard>
      <div class="pair">
        <RuleForm onAdded={refresh} />
        <AccessQuestion />
      </div>
    </>
  );
}

interface RuleTableProps {
  readonly list: RuleList;
  /** Place of the first of them, from 0. */
  readonly first: number;
  readonly action: Action;
  readonly act: (request: () => Promise<unknown>) => Promise<void>;
}

function RuleTable({ list: { rules, noMatch, meta }, first, action, act }: RuleTableProps): JSX.Element {
  const pathOf = useTenantPath();
  const places = new Map(rules.map((rule, index) => [rule.id, first + index]));
  const columns: readonly Column<Rule>[] = [
    { name: "Rule", cell: ({ id }) => `${count((places.get(id) ?? 0) + 1)}. ${id}` },
    { name: "Decision", cell: ({ permission }) => <span class={permission === "deny" ? "bad" : "good"}>{permission}</span> },
    { name: "Who", isLong: true, cell: (rule) => <bdi>{visibleLine(whoOf(rule))}</bdi> },
    { name: "What", cell: ({ action: what }) => (what === "both" ? "publish and subscribe" : what) },
    { name: "Topics", cell: ({ topics }) => <Topics topics={topics} /> },
    { name: "Only if", cell: (rule) => conditionsOf(rule) },
    {
      name: "Actions",
      cell: (rule) => (
        <RuleActions rule={rule} place={places.get(rule.id) ?? 0} last={meta.count - 1} isBusy={action.isBusy} act={act} />
      ),
    },
  ];
  const opposite = noMatch === "deny" ? "allow" : "deny";
  return (
    <>
      <DataTable label="Access rules" columns={columns} rows={rules} keyOf={({ id }) => id} empty="There is no rule." />
      <p class="row no-match">
        <span>
          Where no rule fits: <strong class={noMatch === "deny" ? "bad" : "good"}>{noMatch}</strong>
        </span>
        <ConfirmButton
          label={`Change to ${opposite}`}
          isHarmless={opposite === "deny"}
          name={`Change to ${opposite} where no rule fits`}
          onConfirm={() => void act(() => send("PATCH", pathOf("rules"), { noMatch: opposite }))}
        />
      </p>
    </>
  );
}

interface RuleActionsProps {
  readonly rule: Rule;
  readonly place: number;
  readonly last: number;
  readonly isBusy: boolean;
  readonly act: (request: () => Promise<unknown>) => Promise<void>;
}

function RuleActions({ rule: { id }, place, last, isBusy, act }: RuleActionsProps): JSX.Element {
  const path = useTenantPath()(`rules/${encodeURIComponent(id)}`);
  const move = (to: number): void => void act(() => send("POST", `${path}/move`, { place: to }));
  return (
    <span class="buttons">
      <button
        type="button"
        class="quiet"
        aria-label={`Move ${id} up`}
        disabled={isBusy || place === 0}
        onClick={() => move(place - 1)}
      >
        ↑
      </button>
      <button
        type="button"
        class="quiet"
        aria-label={`Move ${id} down`}
        disabled={isBusy || place === last}
        onClick={() => move(place + 1)}
      >
        ↓
      </button>
      <ConfirmButton label="Remove" name={`Remove ${id}`} isBusy={isBusy} onConfirm={() => void act(() => send("DELETE", path))} />
    </span>
  );
}

function Topics({ topics }: { topics: readonly string[] }): JSX.Element {
  return (
    <>
      {topics.map((topic) => (
        <code key={topic} class="topic-item">
          <TopicText topic={topic} />
        </code>
      ))}
    </>
  );
}
