import type { JSX } from "preact";
import type { BrokerStatus } from "./admin-api.ts";
import { ListenersCard } from "./listeners-card.tsx";
import { RateChart } from "./rate-chart.tsx";
import { Totals } from "./totals.tsx";
import { useRates } from "./use-rates.ts";

/** How the broker is, and how to reach it. */
export function OverviewPage({ status, isAnswering }: { status: BrokerStatus; isAnswering: boolean }): JSX.Element {
  const samples = useRates(isAnswering);
  return (
    <div class="pair">
      <RateChart samples={samples} />
      <Totals status={status} />
      <ListenersCard urls={status.listeners} />
    </div>
  );
}
