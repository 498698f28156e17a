/**
 * When a Topic Name that we send gets a Topic Alias (section 3.3.2.3.4).
 * - `auto`: a topic longer than 3 bytes gets a free alias the first time it is sent, which costs 3 bytes once and saves the topic
 *   from then on; once all are taken, the least recently used one is given anew, but only to a topic seen to repeat.
 * - `always`: every topic gets one; the least recently used is given anew.
 * - `never`: none.
 */
export type AliasPolicy = "auto" | "always" | "never";

export interface OutboundAliasSettings {
  /** Highest alias that may be used: what the peer offered, lowered by a limit of ours. 0 for none. */
  readonly maximum: number;
  readonly policy: AliasPolicy;
}

/** Whether the settings allow an alias: connections without one pay one comparison a message. */
export function usesAliases({ maximum, policy }: OutboundAliasSettings): boolean {
  return maximum > 0 && policy !== "never";
}
