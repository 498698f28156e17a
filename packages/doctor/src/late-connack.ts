import type { ConnackPacket } from "@bowline/protocol";
import type { AttemptFacts } from "@bowline/protocol/internal";
import { type Doubt, noDoubt } from "./findings.ts";
import { Budget } from "./budget.ts";
import type { ClientSettings } from "./client-settings.ts";
import { hasSucceeded, mayStillAnswer, type Tried } from "./cures.ts";
import type { LayerTimes } from "./stay.ts";
import { hear } from "./talk/introduce.ts";

/** An attempt whose CONNACK may still come, as long as it has its talk and was only late. */
export interface Awaiting extends Tried {
  readonly connack?: ConnackPacket;
  readonly ms: LayerTimes;
}

/** What became of an attempt, and the facts that the verdict is drawn from. */
export interface Settled<T> {
  readonly tried: T;
  readonly facts: AttemptFacts;
}

/**
 * Looks for what heals an attempt while its CONNACK may still come, since an authorizer that starts, a costly hash of a password or a busy
 * machine look like silence at first. Whichever is there first counts; a server that answers after all needs no cure for silence.
 */
export async function hearOrHeal<T extends Awaiting>(
  silent: T,
  settings: ClientSettings,
  waitMs: number,
  budget: Budget,
  look: (tried: T, probes: Budget) => Promise<AttemptFacts>,
): Promise<Settled<T>> {
  const { talk } = silent;
  const probes = new Budget(budget.upTo(Infinity));
  const looking = look(silent, probes);
  if (talk === undefined) return { tried: silent, facts: await looking };
  const hearing = hearOn(silent, settings, waitMs);
  const isHealed = await Promise.race([
    hearing.then(() => false),
    looking.then(({ healedBy }) => healedBy !== undefined || hearing.then(() => false)),
  ]);
  if (isHealed) {
    talk.destroy();
    return { tried: silent, facts: await looking };
  }
  const tried = await hearing;
  if (tried.facts.timedOut === true) return { tried, facts: { ...(await looking), ...tried.facts } };
  // One of them may come with the same Client Identifier, and would take the session over.
  probes.end();
  return { tried, facts: hasSucceeded(tried) ? tried.facts : await look(tried, budget) };
}

/** Goes on waiting for the answer to a CONNECT. */
async function hearOn<T extends Awaiting>(silent: T, settings: ClientSettings, ms: number): Promise<T> {
  const { facts: before, talk } = silent;
  if (talk === undefined) return silent;
  const startedAt = performance.now();
  const { timedOut: _, ...known } = before;
  const { facts: told, connack } = await hear(talk, settings, known, ms);
  const facts = told.ws === undefined ? told : { ...told, ws: { ...before.ws, ...told.ws } };
  const times = { ...silent.ms, mqtt: (silent.ms.mqtt ?? 0) + performance.now() - startedAt };
  if (connack?.reasonCode === 0) return { ...silent, facts, connack, ms: times };
  talk.destroy();
  return { ...silent, facts, talk: undefined, ms: times };
}

// In less than this a broker that is merely busy looks the same.
const silenceMsMin = 2500;

/** Why silence may yet be none: how long it was waited, how to wait longer, and what else is possible where the wait was short. */
export function inSilence({ facts, ms }: Awaiting, holdSeconds: number | undefined): Doubt {
  if (!mayStillAnswer(facts) || facts.healedBy !== undefined || ms.mqtt === undefined) return noDoubt;
  const waited = `No CONNACK came within ${(ms.mqtt / 1000).toFixed(1)} s.`;
  const longer = "Where an authorizer or a busy broker may need longer, --hold 10 waits 10 s more.";
  return {
    hints: [holdSeconds === undefined ? `${waited} ${longer}` : waited],
    alternatives: ms.mqtt < silenceMsMin ? ["SERVER_BUSY"] : [],
  };
}
