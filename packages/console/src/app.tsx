import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { BrokerHeader } from "./admin/broker-header.tsx";
import { ConnectionTable } from "./admin/connection-table.tsx";
import { RateChart } from "./admin/rate-chart.tsx";
import { SignInCard } from "./admin/sign-in-card.tsx";
import { Totals } from "./admin/totals.tsx";
import { type BrokerReport, useBroker } from "./admin/use-broker.ts";
import { useRates } from "./admin/use-rates.ts";
import { MqttPanel } from "./mqtt/mqtt-panel.tsx";
import type { MqttModel } from "./mqtt/mqtt-model.ts";
import { timeOfDay } from "./text/times.ts";

/** The whole page. */
export function App({ model }: { model: MqttModel }): JSX.Element {
  const [signIns, setSignIns] = useState(0);
  const report = useBroker(signIns);
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
      {isKnown && (
        <a class="skip" href="#mqtt-client">
          Skip to the MQTT client
        </a>
      )}
      <BrokerHeader report={report} />
      <main>
        {isSignedOut && <SignInCard wasSignedIn={isKnown} onSignedIn={again} />}
        <StorageAlarm report={report} />
        <Dashboard report={report} model={model} />
      </main>
    </>
  );
}

function Dashboard({
  report: { status, connections = [], problem },
  model,
}: {
  report: BrokerReport;
  model: MqttModel;
}): JSX.Element | null {
  const samples = useRates(status !== undefined && problem === undefined);
  if (status === undefined) return null;
  return (
    <>
      <div class={problem === undefined ? "broker" : "broker stale"}>
        <RateChart samples={samples} />
        <Totals status={status} />
        <ConnectionTable rows={connections} ownClientId={model.clientId} />
      </div>
      <MqttPanel model={model} />
    </>
  );
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
