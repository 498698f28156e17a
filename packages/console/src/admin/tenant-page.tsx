import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { ConfirmButton } from "../page/confirm-button.tsx";
import { Facts, Waiting } from "../page/facts.tsx";
import { addressOf } from "../page/route.ts";
import { useAction } from "../page/use-action.ts";
import { useResource } from "../page/use-resource.ts";
import { bytes, count } from "../text/numbers.ts";
import { visibleLine } from "../text/visible-text.ts";
import { send, type TenantOverview } from "./admin-api.ts";
import { Moment } from "./cells.tsx";
import { HostsLine } from "./hosts-line.tsx";
import { KeysCard } from "./keys-card.tsx";
import { PlanSelect } from "./plan-select.tsx";
import { DEFAULT_TENANT, pathOfTenant } from "./tenant-scope.ts";

const EVERY_MS = 2_000;

export interface TenantPageProps {
  readonly tenant: string;
  /** Makes all pages those of a tenant. */
  readonly onLookAt: (tenant: string) => void;
}

/** One tenant as the operator has it: its state, its plan, its keys, and its end. */
export function TenantPage({ tenant, onLookAt }: TenantPageProps): JSX.Element {
  const { value, problem, refresh } = useResource<TenantOverview>(pathOfTenant(tenant, "overview"), EVERY_MS);
  if (problem?.status === 404) {
    return (
      <>
        <BackLink />
        <p class="alarm" role="alert">
          There is no tenant {visibleLine(tenant)}. One that is being deleted is not shown any more.
        </p>
      </>
    );
  }
  if (value === undefined) return <Waiting problem={problem} />;
  return (
    <>
      <BackLink />
      <div class="pair">
        <section class="card" aria-labelledby="tenant-title">
          <div class="card-head">
            <h2 id="tenant-title">{tenant}</h2>
            <TenantActions tenant={value} onChanged={refresh} onLookAt={onLookAt} />
          </div>
          <TenantFacts tenant={value} />
          <HostsLine hosts={value.hosts} />
        </section>
        <AdministratorCard tenant={tenant} />
      </div>
      <KeysCard tenant={tenant} />
    </>
  );
}

function BackLink(): JSX.Element {
  return (
    <p class="back">
      <a href={addressOf("tenants")}>All tenants</a>
    </p>
  );
}

function TenantFacts({ tenant }: { tenant: TenantOverview }): JSX.Element {
  const { state, hosts, createdAt, connections, sessions, retainedMessages, month, plan } = tenant;
  return (
    <Facts
      rows={[
        ["State", <span class={state === "active" ? "good" : "bad"}>{state}</span>],
        ["Made", createdAt === undefined ? "with the broker" : <Moment at={createdAt} />],
        ["Plan in force", plan ?? "none"],
        ["Connections", count(connections)],
        ["Sessions", count(sessions)],
        ["Retained messages", count(retainedMessages)],
        ["Messages this month", count((month?.messagesReceived ?? 0) + (month?.messagesSent ?? 0))],
        ["Traffic this month", bytes((month?.bytesReceived ?? 0) + (month?.bytesSent ?? 0))],
        ["Names", hosts.length === 0 ? "all that are no other's" : hosts.join(", ")],
      ]}
    />
  );
}

interface TenantActionsProps {
  readonly tenant: TenantOverview;
  readonly onChanged: () => void;
  readonly onLookAt: (tenant: string) => void;
}

function TenantActions({ tenant: { name, state, plan }, onChanged, onLookAt }: TenantActionsProps): JSX.Element {
  const { isBusy, problem, run } = useAction();
  const act = async (request: () => Promise<unknown>): Promise<void> => {
    if (await run(request)) onChanged();
  };
  const look = (): void => {
    onLookAt(name);
    location.hash = addressOf("overview");
  };
  const isPaused = state === "paused";
  return (
    <div class="buttons">
      <button type="button" onClick={look}>
        Look at its pages
      </button>
      {name !== DEFAULT_TENANT && (
        <>
          <PlanSelect
            name="plan"
            value={plan ?? ""}
            isBusy={isBusy}
            onChoose={(chosen) => void act(() => send("PUT", pathOfTenant(name, "plan"), { plan: chosen === "" ? null : chosen }))}
          />
          {isPaused ? (
            <button
              type="button"
              class="quiet"
              disabled={isBusy}
              onClick={() => void act(() => send("POST", pathOfTenant(name, "resume")))}
            >
              Resume
            </button>
          ) : (
            <ConfirmButton
              label="Pause"
              name={`Pause ${name}`}
              isBusy={isBusy}
              onConfirm={() => void act(() => send("POST", pathOfTenant(name, "pause")))}
            />
          )}
          <ConfirmButton
            label="Delete"
            name={`Delete ${name} with all it has`}
            isBusy={isBusy}
            onConfirm={() => void act(() => send("DELETE", `tenants/${encodeURIComponent(name)}`))}
          />
        </>
      )}
      <p class="bad" role="alert">
        {problem}
      </p>
    </div>
  );
}

/** How the tenant's administrator comes here. */
function AdministratorCard({ tenant }: { tenant: string }): JSX.Element {
  const { isBusy, problem, run } = useAction();
  const [url, setUrl] = useState("");
  const make = (): void =>
    void run(async () => setUrl((await send<{ url: string }>("POST", pathOfTenant(tenant, "sign-in-links"))).url));
  return (
    <section class="card" aria-labelledby="administrator-title">
      <h2 id="administrator-title">Its administrator</h2>
      <p class="muted">
        Sees this tenant here and no other: with a link, which signs one browser in, once, within 15 minutes, or with a key of the
        tenant, as <code>AppID:AppSecret</code>.
      </p>
      <p class="apart">
        <button type="button" class="quiet" disabled={isBusy} onClick={make}>
          Make a link
        </button>
      </p>
      {url !== "" && (
        <pre class="copied" tabIndex={0} aria-label="Link that signs the administrator in">
          <code>{url}</code>
        </pre>
      )}
      <p class="bad" role="alert">
        {problem}
      </p>
    </section>
  );
}
