import type { Journal } from "../messages/journal.ts";
import type { KeptEntry } from "../messages/kept-entry.ts";
import type { KeptMessage } from "../messages/kept-message.ts";
import type { Router } from "../router/router.ts";
import type { Session } from "./session.ts";
import { removableEntries, takeOut } from "./take-out.ts";

/**
 * The client of a Session is gone: what it got by a shared subscription and has not acknowledged goes to another member (section
 * 4.8.2), in the order of its acceptance. While the Session lasts, only to members that are connected and keep it as well; what
 * nobody takes stays.
 */
export function giveBack(session: Session, isEnding: boolean, router: Router, journal: Journal): void {
  if (!session.hasShared) return;
  const given = new Set<KeptEntry>();
  for (const entry of removableEntries(session)) {
    if (entry.group === undefined) continue;
    if (router.dispatchAgain(entry, entry.message as KeptMessage, session, !isEnding)) given.add(entry);
  }
  takeOut(session, given, journal);
}
