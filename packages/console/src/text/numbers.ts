const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** 12,345 */
export function count(value: number): string {
  return whole.format(value);
}

/** A rate: one digit after the point while it is small, so that 0.4 a second does not read as nothing. */
export function rate(value: number): string {
  return value < 100 ? oneDigit.format(value) : whole.format(value);
}

/** 1.5 MiB */
export function bytes(value: number): string {
  const step = value < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(value) / 10));
  return `${oneDigit.format(value / 2 ** (10 * step))} ${UNITS[step] ?? "B"}`;
}
