import type { Subscription } from "../sessions/session.ts";

/** Messages of one topic that Subscriptions match whose Sessions may not have them. */
export interface Withheld {
  readonly topicName: string;
  /** The first of them: one topic may have very many. */
  readonly subscriptions: readonly Subscription[];
  /** Since somebody was last told. */
  times: number;
  isNoted: boolean;
}

/** Of one topic. */
const SUBSCRIPTIONS_MAX = 8;
/** Topics told of at a time; the others are counted until there is room. */
const TOPICS_MAX = 20;

/**
 * Counts the messages of one tenant that were withheld at delivery. Nobody is told here: what a policy takes out of a Subscription may be
 * most of what is published, and then each message costs an addition. Messages that nobody is denied cost nothing.
 */
export class WithheldLedger {
  #noted: Withheld[] = [];

  count(withheld: Withheld, messages: number): void {
    withheld.times += messages;
    if (withheld.isNoted || this.#noted.length >= TOPICS_MAX) return;
    withheld.isNoted = true;
    this.#noted.push(withheld);
  }

  /** One message that is not delivered by a route: a retained one, or one of a shared subscription. */
  countOne(topicName: string, subscription: Subscription): void {
    const known = this.#noted.find((each) => each.topicName === topicName && each.subscriptions[0] === subscription);
    if (known !== undefined) known.times++;
    else this.count(withheldFrom(topicName, [subscription])!, 1);
  }

  /** Tells the clients that are there, or rather those who look after them. */
  tell(): void {
    if (this.#noted.length === 0) return;
    const noted = this.#noted;
    this.#noted = [];
    for (const withheld of noted) {
      const { topicName, subscriptions, times } = withheld;
      withheld.times = 0;
      withheld.isNoted = false;
      for (const { session, qos, topicFilter } of subscriptions) session.connection?.withheld(topicName, topicFilter, qos, times);
    }
  }
}

/** Undefined where nothing is withheld from anybody. */
export function withheldFrom(topicName: string, subscriptions: readonly Subscription[]): Withheld | undefined {
  if (subscriptions.length === 0) return undefined;
  return { topicName, subscriptions: subscriptions.slice(0, SUBSCRIPTIONS_MAX), times: 0, isNoted: false };
}
