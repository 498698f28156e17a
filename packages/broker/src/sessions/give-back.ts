import { OutboundState, pushQueue, shiftQueue } from "@bowline/protocol/internal";
import type { Journal } from "../messages/journal.ts";
import type { KeptEntry } from "../messages/kept-entry.ts";
import { KeptMessage } from "../messages/kept-message.ts";
import type { Router } from "../router/router.ts";
import type { Session } from "./session.ts";

/**
 * The client of a Session is gone: what it got by a shared subscription and has not acknowledged goes to another member (section
 * 4.8.2), in the order of its acceptance. While the Session lasts, only to members that are connected and keep it as well; what
 * nobody takes stays. A QoS 2 message whose PUBLISH has left stays in any case: it is completed with this client, or not at all
 * ([MQTT-4.8.2-4] [MQTT-4.8.2-5]).
 */
export function giveBack(session: Session, isEnding: boolean, router: Router, journal: Journal): void {
  if (!session.hasShared) return;
  const given = new Set<KeptEntry>();
  for (const entry of candidates(session)) {
    const message = entry.message as KeptMessage;
    if (router.dispatchAgain(entry, message, session, !isEnding)) given.add(entry);
  }
  if (given.size === 0) return;
  for (const entry of given) forget(session, entry, journal);
  requeueOthers(session, given);
}

function candidates({ state }: Session): KeptEntry[] {
  const found: KeptEntry[] = [];
  const consider = (entry: KeptEntry | undefined): void => {
    if (entry?.group !== undefined && entry.message instanceof KeptMessage && mayGo(entry)) found.push(entry);
  };
  state.inFlight.forEach((_identifier, _state, entry) => consider(entry as KeptEntry | undefined));
  found.sort((a, b) => a.sequence - b.sequence);
  state.queue.forEach((entry) => consider(entry as KeptEntry));
  return found;
}

function mayGo({ state, sent }: KeptEntry): boolean {
  return (
    state === OutboundState.Queued || state === OutboundState.AwaitingPuback || (state === OutboundState.AwaitingPubrec && !sent)
  );
}

function forget(session: Session, entry: KeptEntry, journal: Journal): void {
  if (entry.state !== OutboundState.Queued) session.state.inFlight.release(entry.packetIdentifier);
  journal.entryDone(session, entry);
  if (entry.tag instanceof KeptMessage) journal.release(entry.tag);
  entry.tag = undefined;
}

function requeueOthers({ state }: Session, given: ReadonlySet<KeptEntry>): void {
  for (let left = state.queue.length; left > 0; left--) {
    const entry = shiftQueue(state)!;
    if (!given.has(entry as KeptEntry)) pushQueue(state, entry);
  }
}
