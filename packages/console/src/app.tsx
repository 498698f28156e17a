import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { BansPage } from "./admin/bans-page.tsx";
import { BrokerHeader } from "./admin/broker-header.tsx";
import { ClientPage } from "./admin/client-page.tsx";
import { ClientsPage } from "./admin/clients-page.tsx";
import { LimitsPage } from "./admin/limits-page.tsx";
import { OverviewPage } from "./admin/overview-page.tsx";
import { PlanPage } from "./admin/plan-page.tsx";
import { PlansPage } from "./admin/plans-page.tsx";
import { RefusedPage } from "./admin/refused-page.tsx";
import { RulesPage } from "./admin/rules-page.tsx";
import { SignInCard } from "./admin/sign-in-card.tsx";
import { TenantChooser } from "./admin/tenant-chooser.tsx";
import { TenantOverviewPage } from "./admin/tenant-overview-page.tsx";
import { TenantPage } from "./admin/tenant-page.tsx";
import { DEFAULT_TENANT, TenantScopeContext } from "./admin/tenant-scope.ts";
import { TenantsPage } from "./admin/tenants-page.tsx";
import { UsagePage } from "./admin/usage-page.tsx";
import { type BrokerReport, useBroker } from "./admin/use-broker.ts";
import { useTenantChoice } from "./admin/use-tenant-choice.ts";
import { UsersPage } from "./admin/users-page.tsx";
import { DoctorPage } from "./doctor/doctor-page.tsx";
import { MqttPanel } from "./mqtt/mqtt-panel.tsx";
import type { MqttModel } from "./mqtt/mqtt-model.ts";
import { Navigation } from "./page/navigation.tsx";
import { isPageOf, PAGES, type Route } from "./page/route.ts";
import { useRoute } from "./page/use-route.ts";
import { timeOfDay } from "./text/times.ts";
import { TracePage } from "./trace/trace-page.tsx";

/** The whole page. */
export function App({ model }: { model: MqttModel }): JSX.Element {
  const [signIns, setSignIns] = useState(0);
  const report = useBroker(signIns);
  const { session } = report;
  const [tenant, choose] = useTenantChoice(session);
  const route = useRoute();
  const again = (): void => setSignIns((times) => times + 1);
  const isSignedOut = report.problem?.isSignedOut === true;
  const isKnown = session !== undefined;
  const isOperator = session?.role === "operator";
  useEffect(() => {
    // Whoever may only read has no client: its messages would be a change.
    if (session?.role !== undefined && session.role !== null) model.lookAt(tenant, session.access === "full");
  }, [session, tenant, model]);
  useEffect(() => {
    // Without a sign-in there was no token to be had; now there is no reason to wait for the next attempt.
    if (!isSignedOut) model.tryNow();
  }, [isSignedOut, model]);
  return (
    <TenantScopeContext value={{ tenant, isOperator }}>
      <a class="skip" href="#content" onClick={skipToContent}>
        Skip to the content
      </a>
      <BrokerHeader report={report} onLeave={() => model.disconnect()}>
        {isOperator && !isSignedOut && <TenantChooser tenant={tenant} onChoose={choose} />}
        {session?.role === "tenant" && <p class="muted">Tenant {tenant}</p>}
      </BrokerHeader>
      {isKnown && <Navigation page={route.page} isOperator={isOperator} />}
      <main id="content" tabIndex={-1}>
        {isSignedOut && <SignInCard wasSignedIn={isKnown} onSignedIn={again} />}
        <StorageAlarm report={report} />
        <ReadOnlyNote report={report} />
        {/* Anew after a sign-in, since views stop asking when they are refused, and for another tenant. */}
        {isKnown && (
          <CurrentPage key={`${signIns} ${tenant}`} route={route} report={report} model={model} tenant={tenant} onLookAt={choose} />
        )}
      </main>
    </TenantScopeContext>
  );
}

/** The address says which page is open, so a link to a place in the page must not change it. */
function skipToContent(event: MouseEvent): void {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

interface CurrentPageProps {
  readonly route: Route;
  readonly report: BrokerReport;
  readonly model: MqttModel;
  readonly tenant: string;
  readonly onLookAt: (tenant: string) => void;
}

function CurrentPage(props: CurrentPageProps): JSX.Element {
  const { route, report } = props;
  useTitleAndFocus(route);
  return (
    <div
      class={report.problem === undefined ? "current" : "current stale"}
      key={`${route.page}/${route.item}?${route.query.toString()}`}
    >
      {pageOf(props)}
    </div>
  );
}

function pageOf({ route: { page, item, query }, report, model, tenant, onLookAt }: CurrentPageProps): JSX.Element {
  const { status, problem, session } = report;
  const isWhole = status !== undefined && tenant === DEFAULT_TENANT;
  switch (isPageOf(page, session?.role === "operator") ? page : "overview") {
    case "overview":
      return isWhole ? <OverviewPage status={status} isAnswering={problem === undefined} /> : <TenantOverviewPage />;
    case "clients":
      return item === "" ? <ClientsPage ownClientId={model.clientId} /> : <ClientPage id={item} />;
    case "messages":
      return <MqttPanel model={model} />;
    case "trace":
      return <TracePage query={query} />;
    case "users":
      return <UsersPage />;
    case "rules":
      return <RulesPage />;
    case "bans":
      return <BansPage query={query} />;
    case "limits":
      return <LimitsPage />;
    case "usage":
      return <UsagePage />;
    case "refused":
      return <RefusedPage />;
    case "doctor":
      return <DoctorPage listeners={isWhole ? status.listeners : []} />;
    case "tenants":
      return item === "" ? <TenantsPage /> : <TenantPage tenant={item} onLookAt={onLookAt} />;
    case "plans":
      return item === "" ? <PlansPage /> : <PlanPage name={item} />;
  }
}

/** A page that comes is told to whoever does not see it: by the title, and by the focus, which would be lost with the old one. */
function useTitleAndFocus({ page, item }: Route): void {
  const isFirst = useRef(true);
  useEffect(() => {
    const title = PAGES.find(({ name }) => name === page)?.title ?? "";
    document.title = `${title} - Bowline console`;
    if (!isFirst.current) document.getElementById("content")?.focus({ preventScroll: true });
    isFirst.current = false;
  }, [page, item]);
}

function StorageAlarm({ report: { status } }: { report: BrokerReport }): JSX.Element | null {
  if (status?.storage.state !== "read-only") return null;
  const { cause, since } = status.storage;
  return (
    <p class="alarm" role="alert">
      The store takes no writes since {timeOfDay(since)} ({cause}): messages that must be kept are refused.
    </p>
  );
}

function ReadOnlyNote({ report: { session } }: { report: BrokerReport }): JSX.Element | null {
  if (session?.role === undefined || session.role === null || session.access === "full") return null;
  return <p class="note">The key that this browser signed in with may only read: what would change something is refused.</p>;
}
