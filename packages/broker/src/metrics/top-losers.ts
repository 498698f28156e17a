import type { Session } from "../sessions/session.ts";
import { droppedIn } from "./drops.ts";

/** The Sessions that lost most messages, in that order, at most so many. */
export function topLosers(sessions: Iterable<Session>, maximum: number): Session[] {
  const losers: Session[] = [];
  for (const session of sessions) if (lost(session) > 0) losers.push(session);
  return losers.sort((a, b) => lost(b) - lost(a)).slice(0, maximum);
}

function lost({ drops }: Session): number {
  return drops === undefined ? 0 : droppedIn(drops.total) + drops.total.blocked;
}
