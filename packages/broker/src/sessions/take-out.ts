import { OutboundState, pushQueue, shiftQueue } from "@bowline/protocol/internal";
import type { Journal } from "../messages/journal.ts";
import type { KeptEntry } from "../messages/kept-entry.ts";
import { KeptMessage } from "../messages/kept-message.ts";
import type { Session } from "./session.ts";

/**
 * The outbound entries of a Session that need not be completed with its client, in order: what is queued, and, while it is not
 * connected, what may have been sent but can be forgotten. A QoS 2 message whose PUBLISH has left is not among them: it is completed
 * with this client, or not at all ([MQTT-4.8.2-4] [MQTT-4.8.2-5]).
 */
export function removableEntries({ state, online }: Session): KeptEntry[] {
  const found: KeptEntry[] = [];
  const consider = (entry: KeptEntry | undefined): void => {
    if (entry?.message instanceof KeptMessage && isRemovable(entry)) found.push(entry);
  };
  if (online === undefined) state.inFlight.forEach((_identifier, _state, entry) => consider(entry as KeptEntry | undefined));
  found.sort((a, b) => a.sequence - b.sequence);
  state.queue.forEach((entry) => consider(entry as KeptEntry));
  return found;
}

/** Forgets entries of `removableEntries`; the others keep their order. */
export function takeOut(session: Session, entries: ReadonlySet<KeptEntry>, journal: Journal): void {
  if (entries.size === 0) return;
  const { state } = session;
  for (const entry of entries) {
    if (entry.state !== OutboundState.Queued) state.inFlight.release(entry.packetIdentifier);
    journal.entryDone(session, entry);
    if (entry.tag instanceof KeptMessage) journal.release(entry.tag);
    entry.tag = undefined;
  }
  for (let left = state.queue.length; left > 0; left--) {
    const entry = shiftQueue(state)!;
    if (!entries.has(entry as KeptEntry)) pushQueue(state, entry);
  }
}

function isRemovable({ state, sent }: KeptEntry): boolean {
  return (
    state === OutboundState.Queued || state === OutboundState.AwaitingPuback || (state === OutboundState.AwaitingPubrec && !sent)
  );
}
