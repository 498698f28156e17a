import type { JSX } from "preact";
import { useResource } from "../page/use-resource.ts";

const EVERY_MS = 30_000;

export interface PlanSelectProps {
  readonly name: string;
  /** The one that is chosen; empty for that of the configuration. */
  readonly value?: string;
  readonly onChoose?: (plan: string) => void;
  readonly isBusy?: boolean;
}

/** Which plan a tenant has. */
export function PlanSelect({ name, value, onChoose, isBusy = false }: PlanSelectProps): JSX.Element {
  const plans = useResource<{ plans: readonly { name: string }[] }>("plans", EVERY_MS).value?.plans ?? [];
  const names = plans.map((plan) => plan.name);
  const options = value === undefined || value === "" || names.includes(value) ? names : [...names, value];
  return (
    <label class={value === undefined ? undefined : "inline"}>
      <span>Plan</span>
      <select
        name={name}
        {...(value === undefined ? {} : { value })}
        disabled={isBusy}
        onChange={(event) => onChoose?.(event.currentTarget.value)}
      >
        <option value="">the configuration's</option>
        {options.map((plan) => (
          <option key={plan} value={plan}>
            {plan}
          </option>
        ))}
      </select>
    </label>
  );
}
