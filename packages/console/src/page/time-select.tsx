import type { JSX } from "preact";

export interface TimeSelectProps {
  readonly name: string;
  readonly title: string;
  /** What is sent, and what it is called, the first one chosen unless `chosen` says another. */
  readonly times: readonly (readonly [value: number, title: string])[];
  readonly chosen?: number;
}

/** How long something is to last. */
export function TimeSelect({ name, title, times, chosen }: TimeSelectProps): JSX.Element {
  return (
    <label>
      <span>{title}</span>
      <select name={name} defaultValue={String(chosen ?? times[0]?.[0] ?? "")}>
        {times.map(([value, words]) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}
