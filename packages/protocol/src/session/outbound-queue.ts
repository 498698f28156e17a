import type { OutboundEntry } from "../flow/message.ts";
import type { SessionState } from "./session-state.ts";

/** Appends to the queue of a session, connected or not. */
export function pushQueue(state: SessionState, entry: OutboundEntry): void {
  state.queue.push(entry);
  state.queuedBytes += entryBytes(entry);
}

/** Takes the oldest entry from the queue of a session. */
export function shiftQueue(state: SessionState): OutboundEntry | undefined {
  const entry = state.queue.shift();
  if (entry !== undefined) state.queuedBytes -= entryBytes(entry);
  return entry;
}

/** What an entry counts for in `queuedBytes`: topic, payload and properties. */
function entryBytes(entry: OutboundEntry): number {
  const { message } = entry;
  return message === undefined ? 0 : message.topicName.length + message.payload.length + (message.properties?.length ?? 0);
}
