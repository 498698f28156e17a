import { errorInfo } from "@bowline/protocol";
import { parseShare } from "@bowline/protocol/internal";
import { BROKERS_OWN, type Denial, isBrokersOwn, type Rights } from "../acl/access-control.ts";
import type { DeniedAction, ObservedClient } from "./client-observer.ts";
import { type Refusal, REFUSALS_MAX, shortName, shortText } from "./refusal.ts";

/** Places of one client, so that one with many topics leaves room for the others. */
const OF_ONE_CLIENT_MAX = 10;
/** New rows, and lines in the log, of one tenant in ten seconds; the counters have them all. */
const NEW_MAX = 20;
const NEW_WINDOW_MS = 10_000;
/** How long a row stands before why is asked anew: the rights may be others by then. */
const STANDS_MS = 1_000;

interface Row extends Refusal {
  readonly retain: boolean;
  readonly explainedAt: number;
}

/** Of one tenant, the latest first. */
interface Book {
  rows: Row[];
  window: number;
  told: number;
}

/** Keeps, and logs, what clients asked for on their open connections and may not have, or may not receive. */
export class DenialLog {
  readonly #tenants = new Map<string, Book>();
  readonly #wallTime: () => number;

  constructor(wallTime: () => number) {
    this.#wallTime = wallTime;
  }

  of(tenant: string): readonly Refusal[] {
    return (this.#tenants.get(tenant)?.rows ?? []).map(({ retain: _retain, explainedAt: _explainedAt, ...refusal }) => refusal);
  }

  drop(tenant: string): void {
    this.#tenants.delete(tenant);
  }

  note(client: ObservedClient, what: DeniedAction): void {
    const { tenant, arrival, session, principal } = client;
    if (session === undefined) return;
    const book = this.#tenants.get(tenant.name) ?? { rows: [], window: 0, told: 0 };
    this.#tenants.set(tenant.name, book);
    const at = this.#wallTime();
    const clientIdentifier = shortName(session.clientIdentifier);
    const user = shortName(principal);
    const topic = shortName(what.topic);
    const known = book.rows.findIndex(
      (row) =>
        row.topic === topic &&
        row.clientIdentifier === clientIdentifier &&
        (row.user ?? "") === user &&
        row.remoteAddress === arrival.remoteAddress &&
        row.action === what.action &&
        row.retain === what.retain,
    );
    if (known < 0 && !mayTell(book, at)) return;
    const [before] = known < 0 ? [] : book.rows.splice(known, 1);
    const isFresh = before !== undefined && at - before.explainedAt < STANDS_MS;
    const row: Row = {
      ...(isFresh ? before : explained(session.rights, what, at)),
      at,
      times: (before?.times ?? 0) + what.times,
      clientIdentifier,
      ...(user === "" ? {} : { user }),
      remoteAddress: arrival.remoteAddress,
      transport: arrival.transport,
      wasConnected: true,
      action: what.action,
      topic,
      retain: what.retain,
      ...(what.reasonCode === undefined ? {} : { reasonCode: what.reasonCode }),
    };
    book.rows.unshift(row);
    if (before !== undefined) return;
    makeRoom(book.rows, row);
    const { action, code, reason, remedy } = row;
    const { remoteAddress: from } = arrival;
    const whom = { clientId: clientIdentifier, ...(user === "" ? {} : { owner: user }), from };
    const fields = { ...whom, action, topic, code, reason, remedy };
    // A rule that takes topics out of Subscriptions is mostly meant to: that it works is no news.
    if (action === "receive") tenant.logger.debug(fields, "messages are withheld from a client");
    else tenant.logger.warn(fields, "a client may not do what it asks for");
  }
}

function mayTell(book: Book, at: number): boolean {
  if (at - book.window >= NEW_WINDOW_MS) {
    book.window = at;
    book.told = 0;
  }
  return ++book.told <= NEW_MAX;
}

/** The oldest goes: of the client itself where it has its places, else of all. */
function makeRoom(rows: Row[], { clientIdentifier }: Row): void {
  const its = rows.filter((row) => row.clientIdentifier === clientIdentifier);
  if (its.length > OF_ONE_CLIENT_MAX) rows.splice(rows.lastIndexOf(its.at(-1)!), 1);
  else if (rows.length > REFUSALS_MAX) rows.pop();
}

function explained(rights: Rights, what: DeniedAction, at: number): Pick<Row, "code" | "reason" | "remedy" | "explainedAt"> {
  const { code, reason, remedy } = denialOf(rights, what);
  return { code, reason: shortText(reason), remedy: shortText(remedy), explainedAt: at };
}

function denialOf(rights: Rights, { action, topic, topicFilter, qos, retain, limit }: DeniedAction): Denial {
  if (limit !== undefined) return limit;
  const asked = action === "subscribe" ? (parseShare(topic)?.topicFilter ?? topic) : topic;
  const told = rights.denial?.(action, asked, retain);
  if (told !== undefined) return told;
  if (action === "publish" && isBrokersOwn(topic)) return { code: "NOT_AUTHORIZED", reason: BROKERS_OWN, remedy: OTHER_TOPIC };
  const why =
    action === "publish"
      ? rights.whyNot?.(topic, qos, retain)
      : action === "receive"
        ? rights.whyWithheld?.(topic, qos, topicFilter && (parseShare(topicFilter)?.topicFilter ?? topicFilter))
        : rights.subscribing(asked, qos).reason;
  const wanted = action === "receive" ? "subscribe" : action;
  const remedy = `Let a rule of the tenant, or whoever grants this client its rights, allow ${wanted} on ${asked}.`;
  return { code: "NOT_AUTHORIZED", reason: why ?? errorInfo("NOT_AUTHORIZED").title, remedy };
}

const OTHER_TOPIC = "Publish to another topic.";
