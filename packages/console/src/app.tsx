import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { BrokerStatus } from "./admin/admin-api.ts";
import { BansPage } from "./admin/bans-page.tsx";
import { BrokerHeader } from "./admin/broker-header.tsx";
import { ClientPage } from "./admin/client-page.tsx";
import { ClientsPage } from "./admin/clients-page.tsx";
import { LimitsPage } from "./admin/limits-page.tsx";
import { OverviewPage } from "./admin/overview-page.tsx";
import { RulesPage } from "./admin/rules-page.tsx";
import { SignInCard } from "./admin/sign-in-card.tsx";
import { type BrokerReport, useBroker } from "./admin/use-broker.ts";
import { UsersPage } from "./admin/users-page.tsx";
import { MqttPanel } from "./mqtt/mqtt-panel.tsx";
import type { MqttModel } from "./mqtt/mqtt-model.ts";
import { Navigation } from "./page/navigation.tsx";
import { PAGES, type Route } from "./page/route.ts";
import { useRoute } from "./page/use-route.ts";
import { timeOfDay } from "./text/times.ts";
import { TracePage } from "./trace/trace-page.tsx";

/** The whole page. */
export function App({ model }: { model: MqttModel }): JSX.Element {
  const [signIns, setSignIns] = useState(0);
  const report = useBroker(signIns);
  const route = useRoute();
  const again = (): void => setSignIns((times) => times + 1);
  const isSignedOut = report.problem?.isSignedOut === true;
  const isKnown = report.status !== undefined;
  useEffect(() => {
    if (isKnown) model.connect();
  }, [isKnown, model]);
  useEffect(() => {
    // Without a sign-in there was no token to be had; now there is no reason to wait for the next attempt.
    if (!isSignedOut) model.tryNow();
  }, [isSignedOut, model]);
  return (
    <>
      <a class="skip" href="#content" onClick={skipToContent}>
        Skip to the content
      </a>
      <BrokerHeader report={report} />
      {isKnown && <Navigation page={route.page} />}
      <main id="content" tabIndex={-1}>
        {isSignedOut && <SignInCard wasSignedIn={isKnown} onSignedIn={again} />}
        <StorageAlarm report={report} />
        {/* Anew after a sign-in, since views stop asking when they are refused. */}
        {report.status !== undefined && (
          <CurrentPage key={signIns} route={route} status={report.status} report={report} model={model} />
        )}
      </main>
    </>
  );
}

/** The address says which page is open, so a link to a place in the page must not change it. */
function skipToContent(event: MouseEvent): void {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

interface CurrentPageProps {
  readonly route: Route;
  readonly status: BrokerStatus;
  readonly report: BrokerReport;
  readonly model: MqttModel;
}

function CurrentPage({ route, status, report: { problem }, model }: CurrentPageProps): JSX.Element {
  useTitleAndFocus(route);
  const isAnswering = problem === undefined;
  return (
    <div class={isAnswering ? "current" : "current stale"} key={`${route.page}/${route.item}?${route.query.toString()}`}>
      {pageOf(route, status, isAnswering, model)}
    </div>
  );
}

function pageOf({ page, item, query }: Route, status: BrokerStatus, isAnswering: boolean, model: MqttModel): JSX.Element {
  switch (page) {
    case "overview":
      return <OverviewPage status={status} isAnswering={isAnswering} />;
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
