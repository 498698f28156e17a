import type { Capability, Version } from "./client-driver.ts";
import type { Kit } from "./kit.ts";

/** One statement about clients, and what shows that it holds. */
export interface ClientCase {
  /** A sentence that begins with the clauses it judges, `[MQTT-3.3.1-1]` of 5.0 or `[v3 MQTT-3.3.1-1]` of 3.1.1. */
  readonly title: string;
  /** It is played once with each. */
  readonly versions: readonly Version[];
  /** What the adapter must be able to ask; else the case is left out. */
  readonly needs: readonly Capability[];
  /** Throws ConformanceFailure when the statement does not hold, Recommendation when only something recommended is missing. */
  readonly run: (kit: Kit) => Promise<void>;
}

export const EVERY: readonly Version[] = [3, 4, 5];
export const BOTH: readonly Version[] = [4, 5];
export const V5: readonly Version[] = [5];
export const V4: readonly Version[] = [4];
export const BEFORE_5: readonly Version[] = [3, 4];

export function clientCase(
  title: string,
  versions: readonly Version[],
  needs: readonly Capability[],
  run: (kit: Kit) => Promise<void>,
): ClientCase {
  return { title, versions, needs, run };
}
