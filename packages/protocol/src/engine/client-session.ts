import { type OutboundEntry, OutboundState } from "../flow/message.ts";
import type { SessionState } from "../session/session-state.ts";
import { pushQueue, shiftQueue } from "../session/outbound-queue.ts";

/**
 * The server has no session: nothing is in flight any more (section 4.1). What may be sent as new goes to the head of the queue,
 * in order. A QoS 2 message whose PUBLISH has left may have been delivered, whether its PUBREC came or not, and would be
 * delivered twice if it were sent again: it is handed back.
 */
export function restartSession(session: SessionState): OutboundEntry[] {
  const again: OutboundEntry[] = [];
  const taken: OutboundEntry[] = [];
  session.inFlight.forEach((_id, _state, entry) => {
    if (entry !== undefined) (entry.qos === 2 && entry.sent ? taken : again).push(entry);
  });
  session.inFlight.clear();
  session.inbound.clear();
  taken.sort((a, b) => a.sequence - b.sequence);
  again.sort((a, b) => a.sequence - b.sequence);
  for (const entry of again) {
    entry.state = OutboundState.Queued;
    entry.packetIdentifier = 0;
    entry.sent = false;
  }
  prependQueue(session, again);
  return taken;
}

/** Takes out of the queue what the test does not accept, and answers it in order. */
export function removeQueued(session: SessionState, keep: (entry: OutboundEntry) => boolean): OutboundEntry[] {
  const removed: OutboundEntry[] = [];
  for (let left = session.queue.length; left > 0; left--) {
    const entry = shiftQueue(session)!;
    if (keep(entry)) pushQueue(session, entry);
    else removed.push(entry);
  }
  return removed;
}

function prependQueue(session: SessionState, entries: readonly OutboundEntry[]): void {
  const before = session.queue.length;
  for (const entry of entries) pushQueue(session, entry);
  for (let i = 0; i < before; i++) pushQueue(session, shiftQueue(session)!);
}
