import { MqttError } from "@bowline/protocol";
import { z } from "zod";
import type { ConnectionSummary } from "./broker-view.ts";

/** By what a list can be ordered. */
const ORDERS = [
  "clientIdentifier",
  "owner",
  "transport",
  "remoteAddress",
  "protocolVersion",
  "connectedAt",
  "subscriptions",
  "inFlight",
  "queued",
  "dropped",
] as const;

const listQuery = z.strictObject({
  /** A part of the Client Identifier, the user, the address or the transport. */
  search: z.string().max(1_024).default(""),
  order: z.enum(ORDERS).optional(),
  descending: z.stringbool().default(false),
  limit: z.coerce.number().int().min(1).optional(),
});

/** The part of the connections that somebody asked for; `found` of `total` match. */
export interface ConnectionList {
  readonly connections: readonly ConnectionSummary[];
  readonly found: number;
  readonly total: number;
}

/**
 * Filters, orders and cuts the list as the query says, so that a page need not be sent ten thousand rows each second.
 *
 * @throws MqttError OPTION_INVALID
 */
export function connectionList(all: readonly ConnectionSummary[], query: Readonly<Record<string, string>>): ConnectionList {
  const wanted = listQuery.safeParse(query);
  if (!wanted.success) {
    const [issue] = wanted.error.issues;
    throw new MqttError("OPTION_INVALID", { detail: `${issue?.path.join(".") || "query"}: ${issue?.message}` });
  }
  const { search, order, descending, limit } = wanted.data;
  const found = search === "" ? [...all] : all.filter((row) => contains(row, search.toLowerCase()));
  if (order !== undefined) found.sort((a, b) => (descending ? -compare(a, b, order) : compare(a, b, order)));
  return { connections: found.slice(0, limit), found: found.length, total: all.length };
}

function contains({ clientIdentifier, owner, remoteAddress, transport }: ConnectionSummary, search: string): boolean {
  return [clientIdentifier, owner, remoteAddress, transport].some((text) => text.toLowerCase().includes(search));
}

function compare(a: ConnectionSummary, b: ConnectionSummary, order: (typeof ORDERS)[number]): number {
  const [left, right] = [a[order], b[order]];
  return left < right ? -1 : left > right ? 1 : a.id - b.id;
}
