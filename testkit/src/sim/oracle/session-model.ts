import type { FilterSpec } from "../script.ts";
import { filterMatches, shareOf } from "./topic-filter.ts";
import type { UsedIdentifiers } from "./sending-rules.ts";

/** A subscription as asked for, with the identifier of its SUBSCRIBE. */
export interface Subscribed extends FilterSpec {
  readonly identifier: number;
}

/** How certain it is that something exists, seen from outside. */
export type Certainty = "yes" | "no" | "maybe";

/** One client's session at the broker, as its packets say it must be. */
export class SessionModel {
  readonly client: string;
  exists: Certainty = "no";
  /** A CONNACK said that it is there: a crash must not lose it. */
  isPromised = false;
  /** Each new session of the client has a higher one. */
  epoch = 0;
  /** Seconds. */
  expiry = 0;
  /** It was to be stored: it had an expiry above 0. */
  wasStored = false;
  isConnected = false;
  /** Connections so far, as each side counts them. */
  readonly connections: { server: number; client: number } = { server: 0, client: 0 };
  /** Wall time between which it ends, once offline. */
  endsNotBefore: number = Number.POSITIVE_INFINITY;
  endsNotAfter: number = Number.POSITIVE_INFINITY;
  /** Group of rows with its latest end: a crash before that commit takes it back. */
  endedIn = 0;
  /** When its connection ended is kept with that group; before, a restart counts anew. */
  offlineIn = 0;
  /**
   * Every way in which the filter may be subscribed: one, when it is certain, and undefined for not at all. A request that was
   * not answered adds one; its answer leaves that alone.
   */
  readonly filters: Map<string, (Subscribed | undefined)[]> = new Map();
  /** QoS 2 identifiers received and not released, and the message. */
  readonly inbound: Map<number, string> = new Map();
  /** Of the broker towards this client, and of the client towards the broker. */
  readonly used: { server: UsedIdentifiers; client: UsedIdentifiers } = { server: new Map(), client: new Map() };

  constructor(client: string) {
    this.client = client;
  }

  /** Whether a CONNECT without Clean Start finds it now. */
  presence(now: number): Certainty {
    if (this.exists === "no" || this.isConnected) return this.exists;
    if (now < this.endsNotBefore) return this.exists;
    return now > this.endsNotAfter ? "no" : "maybe";
  }

  /** Subscriptions that may match the topic, those of groups by the name of the group. */
  matching(topicName: string, shared: boolean): { certain: boolean; subscribed: Subscribed; filter: string }[] {
    const found: { certain: boolean; subscribed: Subscribed; filter: string }[] = [];
    for (const [filter, ways] of this.filters) {
      const share = shareOf(filter);
      if ((share !== undefined) !== shared || !filterMatches(share?.filter ?? filter, topicName)) continue;
      const certain = ways.length === 1;
      for (const subscribed of ways) if (subscribed !== undefined) found.push({ certain, subscribed, filter });
    }
    return found;
  }

  /** The filter may not be subscribed any more. */
  mayLose(filter: string): void {
    const ways = this.filters.get(filter);
    if (ways !== undefined && !ways.includes(undefined)) ways.push(undefined);
  }

  mayGain(subscribed: Subscribed): void {
    this.filters.set(subscribed.topicFilter, [...(this.filters.get(subscribed.topicFilter) ?? [undefined]), subscribed]);
  }

  clear(): void {
    this.filters.clear();
    this.inbound.clear();
  }
}
