import { decodeText, matches, parseShare } from "@bowline/protocol/internal";
import type { Journal } from "../messages/journal.ts";
import type { KeptEntry } from "../messages/kept-entry.ts";
import type { KeptMessage } from "../messages/kept-message.ts";
import { mayDeliver } from "../router/may-deliver.ts";
import type { Router } from "../router/router.ts";
import type { Session } from "./session.ts";
import { removableEntries, takeOut } from "./take-out.ts";

/**
 * Drops what waits for a Session that has no right to it any more; copies of a shared subscription go to another member where there is
 * one. What has left already is completed with the client. Answers how many were dropped.
 */
export function dropRevoked(session: Session, router: Router, journal: Journal): number {
  if (session.state.queue.length === 0 && session.state.inFlight.count === 0) return 0;
  const revoked = new Set<KeptEntry>();
  const answers = new Map<string, boolean>();
  for (const entry of removableEntries(session)) if (!mayHave(session, entry, answers)) revoked.add(entry);
  let dropped = 0;
  for (const entry of revoked) {
    const isGiven = entry.group !== undefined && router.dispatchAgain(entry, entry.message as KeptMessage, session, true);
    if (!isGiven) dropped++;
  }
  takeOut(session, revoked, journal);
  return dropped;
}

function mayHave(session: Session, { message, qos }: KeptEntry, answers: Map<string, boolean>): boolean {
  const topic = message!.topicName;
  const topicName = decodeText(topic, 0, topic.length);
  const key = `${qos}${topicName}`;
  let answer = answers.get(key);
  // By which Subscription it came is not known any more: one that stands is enough, and so is the right to the topic itself.
  answer ??=
    session.rights.mayReceive(topicName, qos) ||
    [...session.subscriptions.values()].some((subscription) => {
      const { topicFilter } = subscription;
      return matches(parseShare(topicFilter)?.topicFilter ?? topicFilter, topicName) && mayDeliver(subscription, topicName);
    });
  answers.set(key, answer);
  return answer;
}
