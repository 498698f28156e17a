import type { Plan } from "./admin-api.ts";

/** What a plan bounds besides the broker's limits: how much its tenants' administrators may make. */
const MAXIMA = ["maximumUsers", "maximumRules", "maximumRulesPerUser"] as const;
type Maximum = (typeof MAXIMA)[number];

/** What a limit may be where it is no number. */
export const CHOICES: Readonly<Record<string, readonly string[]>> = {
  queueFull: ["dropNew", "dropOldest", "disconnect", "reliable"],
};

/** Everything that a plan says, by name. */
export function valuesOf(plan: Plan): Readonly<Record<string, number | string>> {
  return { ...maximaOf(plan), ...plan.limits };
}

/** Of its own maxima those that it has. */
export function maximaOf(plan: Plan): Readonly<Partial<Record<Maximum, number>>> {
  return Object.fromEntries(MAXIMA.filter((name) => plan[name] !== undefined).map((name) => [name, plan[name]]));
}

/** What a plan may say, of which the broker names the limits. */
export function namesOf(limitNames: readonly string[]): readonly string[] {
  return [...MAXIMA, ...limitNames];
}

/** The plan with one limit set, or, with undefined, taken out: as the broker takes it. */
export function withLimit(plan: Plan, name: string, value: number | string | undefined): Omit<Plan, "name"> {
  const values = Object.entries({ ...valuesOf(plan), [name]: value }).filter(([, each]) => each !== undefined);
  const isMaximum = ([each]: [string, unknown]): boolean => (MAXIMA as readonly string[]).includes(each);
  return {
    ...Object.fromEntries(values.filter(isMaximum)),
    limits: Object.fromEntries(values.filter((each) => !isMaximum(each))) as Plan["limits"],
  };
}

/** What was typed for a limit, as the broker takes it. */
export function limitOf(name: string, text: string): number | string {
  return name in CHOICES ? text : Number(text);
}

/** Behind `/api/v1/`. */
export function pathOfPlan(name: string): string {
  return `plans/${encodeURIComponent(name)}`;
}
