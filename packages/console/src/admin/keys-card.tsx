import type { JSX, TargetedSubmitEvent } from "preact";
import { useState } from "preact/hooks";
import { ConfirmButton } from "../page/confirm-button.tsx";
import { type Column, DataTable } from "../page/data-table.tsx";
import { Waiting } from "../page/facts.tsx";
import { fieldText } from "../page/field-text.ts";
import { TimeSelect } from "../page/time-select.tsx";
import { type Action, useAction } from "../page/use-action.ts";
import { useResource } from "../page/use-resource.ts";
import { visibleLine } from "../text/visible-text.ts";
import { type IssuedKey, type KeyRow, send } from "./admin-api.ts";
import { Moment } from "./cells.tsx";
import { Text } from "./rule-form.tsx";

const EVERY_MS = 5_000;
const DAY_MS = 86_400_000;
/** How long a key may be chosen to last, in days; 0 until it is removed. */
const TIMES = [
  [0, "Until it is removed"],
  [1, "1 day"],
  [30, "30 days"],
  [365, "1 year"],
] as const;
/** So long the secret goes on that another one takes the place of. */
const OVERLAP_SECONDS = 3_600;

/** Keys to the admin API: of one tenant, or, without one, those that reach all. */
export function KeysCard({ tenant }: { tenant: string | undefined }): JSX.Element {
  const { value, problem, refresh } = useResource<{ keys: readonly KeyRow[] }>("keys", EVERY_MS);
  const [issued, setIssued] = useState<IssuedKey>();
  const action = useAction();
  const act = async (request: () => Promise<IssuedKey | void>): Promise<boolean> =>
    action.run(async () => {
      setIssued((await request()) ?? undefined);
      refresh();
    });
  const columns: readonly Column<KeyRow>[] = [
    { name: "AppID", cell: ({ id }) => <code>{id}</code> },
    { name: "For", isLong: true, cell: ({ name }) => <bdi>{visibleLine(name)}</bdi> },
    { name: "May", cell: ({ access }) => (access === "full" ? "change" : "read") },
    { name: "Made", cell: ({ createdAt }) => <Moment at={createdAt} /> },
    { name: "Ends", cell: ({ expiresAt }) => (expiresAt === undefined ? "never" : <Moment at={expiresAt} />) },
    { name: "Actions", cell: ({ id }) => <KeyActions id={id} act={act} /> },
  ];
  return (
    <section class="card" aria-labelledby="keys-title">
      <h2 id="keys-title">{tenant === undefined ? "Keys that reach all tenants" : "Keys"}</h2>
      <p class="muted">
        To the admin API, for programs and for signing in here.{" "}
        {tenant === undefined ? "Those of one tenant are on its page." : `They reach the tenant ${tenant} alone.`}
      </p>
      {issued !== undefined && <Secret issued={issued} />}
      <p class="bad" role="alert">
        {action.problem}
      </p>
      {value === undefined ? (
        <Waiting problem={problem} />
      ) : (
        <DataTable
          label="Keys"
          columns={columns}
          rows={value.keys.filter((key) => key.tenant === tenant)}
          keyOf={({ id }) => id}
          empty="There is no key."
        />
      )}
      <KeyForm tenant={tenant} action={action} act={act} />
    </section>
  );
}

type Act = (request: () => Promise<IssuedKey | void>) => Promise<boolean>;

function Secret({ issued: { id, secret } }: { issued: IssuedKey }): JSX.Element {
  return (
    <div class="issued" role="status">
      <p>
        <strong>This is shown once.</strong> AppID and AppSecret, as both are given when signing in:
      </p>
      <pre class="copied" tabIndex={0} aria-label="AppID and AppSecret">
        <code>
          {id}:{secret}
        </code>
      </pre>
    </div>
  );
}

function KeyActions({ id, act }: { id: string; act: Act }): JSX.Element {
  const path = `keys/${encodeURIComponent(id)}`;
  return (
    <span class="buttons">
      <ConfirmButton
        label="New secret"
        name={`New secret of ${id}; the old one goes on for an hour`}
        isHarmless
        onConfirm={() => void act(() => send<IssuedKey>("POST", `${path}/rotate`, { overlapSeconds: OVERLAP_SECONDS }))}
      />
      <ConfirmButton label="Remove" name={`Remove ${id}`} onConfirm={() => void act(() => send("DELETE", path))} />
    </span>
  );
}

function KeyForm({ tenant, action, act }: { tenant: string | undefined; action: Action; act: Act }): JSX.Element {
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget;
    const key = keyOf(new FormData(form), tenant);
    if (await act(() => send<IssuedKey>("POST", "keys", key))) form.reset();
  };
  return (
    <form class="row" onSubmit={(event) => void submit(event)}>
      <Text name="name" title="What it is for" placeholder="provisioning" />
      <label>
        <span>It may</span>
        <select name="access">
          <option value="full">change</option>
          <option value="read">read</option>
        </select>
      </label>
      <TimeSelect name="days" title="How long" times={TIMES} />
      <button type="submit" disabled={action.isBusy}>
        Make a key
      </button>
    </form>
  );
}

function keyOf(form: FormData, tenant: string | undefined): Record<string, unknown> {
  const days = Number(fieldText(form, "days"));
  return {
    name: fieldText(form, "name").trim(),
    access: fieldText(form, "access"),
    ...(tenant === undefined ? {} : { tenant }),
    ...(days > 0 ? { expiresAt: Date.now() + days * DAY_MS } : {}),
  };
}
