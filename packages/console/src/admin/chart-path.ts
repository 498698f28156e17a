/** A point of a line: wall time in ms and what was measured. */
export interface ChartPoint {
  readonly at: number;
  readonly value: number;
}

/** The rectangle a chart fills, and what its edges mean. */
export interface ChartFrame {
  readonly from: number;
  readonly to: number;
  readonly maximum: number;
  readonly width: number;
  readonly height: number;
}

/** Samples come each second: a longer pause is one in which nothing is known, and a line across it would claim the opposite. */
const GAP_MS = 3_500;

/** SVG path data of a line, interrupted where samples are missing. */
export function chartPath(points: readonly ChartPoint[], frame: ChartFrame): string {
  let path = "";
  let lastAt = Number.NEGATIVE_INFINITY;
  for (const { at, value } of points) {
    if (at < frame.from) continue;
    const x = ((at - frame.from) / (frame.to - frame.from)) * frame.width;
    const y = frame.height - (Math.min(value, frame.maximum) / frame.maximum) * frame.height;
    path += `${at - lastAt > GAP_MS ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`;
    lastAt = at;
  }
  return path;
}

/** The smallest of 1, 2, 5, 10, 20, 50 ... that is not below the value: an axis whose numbers can be read. */
export function axisMaximum(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return [1, 2, 5, 10].map((step) => step * power).find((limit) => limit >= value) ?? 10 * power;
}
