import type { AttemptFacts, Healing } from "@bowline/protocol/internal";
import type { ClientSettings } from "./client-settings.ts";
import { randomId } from "./talk/random-id.ts";
import type { Talk } from "./talk/talk.ts";

/** How far an attempt came, and the connection it became or may still become, which whoever has it must end. */
export interface Tried {
  readonly facts: AttemptFacts;
  readonly talk?: Talk | undefined;
}

/** A change to an attempt that failed, and what would show that the change is the cure. */
export interface Variant<S, T extends Tried> {
  readonly healing: Healing;
  readonly settings: S;
  readonly heals: (tried: T) => boolean;
}

/** Tries the changes at once, and names those that helped. */
export async function curesAmong<S extends ClientSettings, T extends Tried>(
  variants: readonly Variant<S, T>[],
  failed: T,
  settings: S,
  attempt: (settings: S) => Promise<T>,
): Promise<readonly Healing[]> {
  if (variants.length === 0) return [];
  // The attempt itself may still wait for its answer, and must not lose its session to one of these.
  const aside = (changed: S): S => (changed.isOwnId === true ? changed : { ...changed, clientId: randomId() });
  const outcomes = await Promise.all(
    variants.map(async ({ healing, settings: changed, heals }) => {
      const tried = await attempt(aside(changed));
      tried.talk?.destroy();
      return heals(tried) ? healing : undefined;
    }),
  );
  if (outcomes.every((healing) => healing === undefined)) return [];
  // What works the second time without any change was healed by none.
  const again = await attempt(aside(settings));
  again.talk?.destroy();
  if (again.facts.milestone !== failed.facts.milestone || hasSucceeded(again)) return [];
  return [...new Set(outcomes.filter((healing) => healing !== undefined))];
}

/** Whether the attempt led to a session. */
export const hasSucceeded = ({ facts }: Tried): boolean => facts.milestone === "accepted";
/** Whether CONNECT was sent, and nothing came yet. */
export const mayStillAnswer = ({ timedOut, milestone, firstBytes }: AttemptFacts): boolean =>
  timedOut === true && milestone === "connect-sent" && (firstBytes?.length ?? 0) === 0;
export const answeredMqtt = ({ facts }: Tried): boolean => facts.connack !== undefined;

/** Changes to what CONNECT says of the client. */
export function identityVariants<S extends ClientSettings>(settings: S): readonly Variant<S, Tried>[] {
  return [
    ...(settings.will === undefined
      ? []
      : [{ healing: "without-will" as const, settings: { ...settings, will: undefined }, heals: hasSucceeded }]),
    ...(settings.isOwnId === true
      ? [{ healing: "random-client-id" as const, settings: { ...settings, clientId: randomId() }, heals: hasSucceeded }]
      : []),
  ];
}

/** The older version, for a server that did not answer to the newer one. */
export function versionVariants<S extends ClientSettings>(settings: S): readonly Variant<S, Tried>[] {
  if (settings.version !== 5) return [];
  return [{ healing: "protocol-3.1.1", settings: { ...settings, version: 4 as const }, heals: answeredMqtt }];
}

/** Codes that say nothing certain of what is wrong with the CONNECT. */
const vagueCodes: ReadonlySet<number> = new Set([5, 128, 129, 130, 131, 135]);

/** What may heal a CONNECT that was refused. */
export function refusedVariants<S extends ClientSettings>({ facts }: Tried, settings: S): readonly Variant<S, Tried>[] {
  return vagueCodes.has(facts.connack?.reasonCode ?? 0) ? identityVariants(settings) : [];
}
