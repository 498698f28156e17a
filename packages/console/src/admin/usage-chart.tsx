import type { JSX } from "preact";
import { count } from "../text/numbers.ts";
import type { Usage } from "./admin-api.ts";
import { axisMaximum } from "./chart-path.ts";
import { usageBars } from "./usage-bars.ts";

const HOURS = 48;
const WIDTH = 600;
const HEIGHT = 120;
const STEP = WIDTH / HOURS;

/** Messages in and out, a bar for each hour of two days. */
export function UsageChart({ hours }: { hours: readonly Usage[] }): JSX.Element {
  const bars = usageBars(hours, Date.now(), HOURS);
  const highest = Math.max(...bars.map(({ messages }) => messages));
  const maximum = axisMaximum(highest);
  return (
    <figure class="chart usage-chart">
      <div class="y-axis" aria-hidden="true">
        <span>{count(maximum)}</span>
        <span>0</span>
      </div>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Bar chart of the last two days. Highest: ${count(highest)} messages in an hour.`}
      >
        <path class="grid" d={`M0 0H${WIDTH}M0 ${HEIGHT}H${WIDTH}`} />
        {bars.map(({ period, messages }, index) => {
          const height = (messages / maximum) * HEIGHT;
          return <rect key={period} class="bar" x={index * STEP + 1} y={HEIGHT - height} width={STEP - 2} height={height} />;
        })}
      </svg>
      <div class="x-axis" aria-hidden="true">
        <span>48 h ago</span>
        <span>24 h ago</span>
        <span>this hour</span>
      </div>
      <figcaption>Highest: {count(highest)} in an hour</figcaption>
    </figure>
  );
}
