/** A time in the unit that people would take. */
export function timeText(us: number): string {
  if (us < 1_000) return `${us.toFixed(us < 1 ? 3 : us < 100 ? 1 : 0)} µs`;
  return us < 1_000_000 ? `${(us / 1_000).toFixed(us < 100_000 ? 2 : 0)} ms` : `${(us / 1_000_000).toFixed(2)} s`;
}
