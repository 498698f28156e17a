import type { JSX } from "preact";
import { bytes, rate } from "../text/numbers.ts";
import type { RateSample } from "./admin-api.ts";
import { axisMaximum, chartPath, type ChartFrame } from "./chart-path.ts";

const WIDTH = 600;
const HEIGHT = 160;
/** Lines of the grid, as parts of the axis, topmost first. */
const GRID: readonly number[] = [1, 0.5, 0];

/** The chart begins narrow, so that the first minute of a broker is more than a dot at its edge. */
const MINUTES: readonly number[] = [1, 2, 5];

/** Messages per second, in to the broker and out of it, over the last five minutes. */
export function RateChart({ samples }: { samples: readonly RateSample[] }): JSX.Element {
  const last = samples.at(-1);
  return (
    <section class="card rates" aria-labelledby="rates-title">
      <h2 id="rates-title">Messages per second</h2>
      <dl class="legend">
        <Figure kind="in" name="In" value={last?.rates.messagesReceived} bytesPerSecond={last?.rates.bytesReceived} />
        <Figure kind="out" name="Out" value={last?.rates.messagesSent} bytesPerSecond={last?.rates.bytesSent} />
        <Figure kind="none" name="Dropped" value={last?.rates.messagesDropped} />
      </dl>
      {last === undefined ? <p class="empty">The first measurement comes within a second.</p> : <Chart samples={samples} />}
    </section>
  );
}

interface FigureProps {
  kind: "in" | "out" | "none";
  name: string;
  value: number | undefined;
  bytesPerSecond?: number | undefined;
}

function Figure({ kind, name, value, bytesPerSecond }: FigureProps): JSX.Element {
  return (
    <div>
      <dt>
        {kind !== "none" && (
          <svg class={`key line-${kind}`} viewBox="0 0 20 4" aria-hidden="true">
            <path d="M0 2H20" />
          </svg>
        )}
        {name}
      </dt>
      <dd>
        <strong>{value === undefined ? "–" : rate(value)}</strong>
        {bytesPerSecond !== undefined && <small>{bytes(bytesPerSecond)}/s</small>}
      </dd>
    </div>
  );
}

function Chart({ samples }: { samples: readonly RateSample[] }): JSX.Element {
  const received = samples.map(({ at, rates }) => ({ at, value: rates.messagesReceived }));
  const sent = samples.map(({ at, rates }) => ({ at, value: rates.messagesSent }));
  const highestIn = Math.max(...received.map(({ value }) => value));
  const highestOut = Math.max(...sent.map(({ value }) => value));
  const maximum = axisMaximum(Math.max(highestIn, highestOut));
  const to = samples.at(-1)?.at ?? 0;
  const minutes = MINUTES.find((limit) => to - (samples[0]?.at ?? to) <= limit * 60_000) ?? 5;
  const frame: ChartFrame = { from: to - minutes * 60_000, to, maximum, width: WIDTH, height: HEIGHT };
  const summary = `Line chart of the last ${minutes} min. Highest: ${rate(highestIn)} in, ${rate(highestOut)} out per second.`;
  return (
    <figure class="chart">
      <div class="y-axis" aria-hidden="true">
        {GRID.map((part) => (
          <span key={part}>{rate(maximum * part)}</span>
        ))}
      </div>
      <svg viewBox={`0 -2 ${WIDTH} ${HEIGHT + 4}`} preserveAspectRatio="none" role="img" aria-label={summary}>
        {GRID.map((part) => (
          <path key={part} class="grid" d={`M0 ${HEIGHT * (1 - part)}H${WIDTH}`} />
        ))}
        <path class="line-in" d={chartPath(received, frame)} />
        <path class="line-out" d={chartPath(sent, frame)} />
      </svg>
      <div class="x-axis" aria-hidden="true">
        <span>{minutes} min ago</span>
        <span>{minutes === 1 ? "30 s" : `${minutes / 2} min`} ago</span>
        <span>now</span>
      </div>
      <figcaption>
        Highest: {rate(highestIn)} in, {rate(highestOut)} out
      </figcaption>
    </figure>
  );
}
