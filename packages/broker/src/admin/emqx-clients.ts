import type { Context } from "hono";
import { MqttError } from "@bowline/protocol";
import { z } from "zod";
import { droppedIn } from "../metrics/drops.ts";
import type { SessionView } from "../tenants/deployment.ts";

/* The shapes of EMQX's REST API, `/api/v5`, so that scripts that were written for it go on. */

const LIMIT = 100;
const LIMIT_MAX = 10_000;

const paging = z.object({
  page: z.coerce.number().int().min(1).optional(),
  limit: z.coerce.number().int().min(1).max(LIMIT_MAX).optional(),
  _page: z.coerce.number().int().min(1).optional(),
  _limit: z.coerce.number().int().min(1).max(LIMIT_MAX).optional(),
});

/** A part of a list as EMQX answers it. */
export function emqxPage<T>(c: Context, all: readonly T[]): { data: readonly T[]; meta: object } {
  const asked = paging.safeParse(c.req.query());
  if (!asked.success) {
    const [issue] = asked.error.issues;
    throw new MqttError("OPTION_INVALID", { detail: `${issue?.path.join(".")}: ${issue?.message}` });
  }
  const page = asked.data.page ?? asked.data._page ?? 1;
  const limit = asked.data.limit ?? asked.data._limit ?? LIMIT;
  const data = all.slice((page - 1) * limit, page * limit);
  return { data, meta: { page, limit, count: all.length, hasnext: page * limit < all.length } };
}

/** Whether a client is one that the query asks for. Names that are not known are no condition, as there. */
export function isAskedFor({ session, connection }: SessionView, query: Readonly<Record<string, string>>): boolean {
  const { clientIdentifier, owner } = session;
  const address = connection?.arrival.remoteAddress;
  const state = connection === undefined ? "disconnected" : "connected";
  const is = (name: string, value: string | undefined): boolean => query[name] === undefined || query[name] === value;
  const isLike = (name: string, value: string): boolean => query[name] === undefined || value.includes(query[name]);
  return (
    is("clientid", clientIdentifier) &&
    is("username", owner) &&
    is("ip_address", address) &&
    is("conn_state", state) &&
    is("proto_ver", connection === undefined ? undefined : String(connection.sender.version)) &&
    isLike("like_clientid", clientIdentifier) &&
    isLike("like_username", owner)
  );
}

/** A client as EMQX shows it; what is not counted for each client here is left out. */
export function emqxClient({ session, connection }: SessionView): object {
  const { clientIdentifier, owner, expiryInterval, state, subscriptions, disconnectedAt } = session;
  const { arrival, sender, connectedAt } = connection ?? {};
  return {
    clientid: clientIdentifier,
    username: owner === "" ? null : owner,
    connected: connection !== undefined,
    ...(arrival === undefined ? {} : { ip_address: arrival.remoteAddress, port: arrival.remotePort, listener: arrival.transport }),
    ...(arrival?.tls?.serverName === undefined ? {} : { peersni: arrival.tls.serverName }),
    ...(sender === undefined ? {} : { proto_name: sender.version === 3 ? "MQIsdp" : "MQTT", proto_ver: sender.version }),
    ...(connectedAt === undefined ? {} : { connected_at: iso(connectedAt) }),
    ...(disconnectedAt === 0 ? {} : { disconnected_at: iso(disconnectedAt) }),
    expiry_interval: expiryInterval,
    is_persistent: session.isPersistent,
    subscriptions_cnt: subscriptions.size,
    inflight_cnt: state.inFlight.count,
    mqueue_len: state.queue.length,
    mqueue_dropped: droppedIn(session.drops?.total),
    awaiting_rel_cnt: state.inbound.size,
  };
}

/** The Subscriptions of a client as EMQX shows them. */
export function emqxSubscriptions({ session }: SessionView): EmqxSubscription[] {
  return [...session.subscriptions.values()].map(({ topicFilter, qos, noLocal, retainAsPublished, retainHandling }) => ({
    clientid: session.clientIdentifier,
    topic: topicFilter,
    qos,
    nl: noLocal ? 1 : 0,
    rap: retainAsPublished ? 1 : 0,
    rh: retainHandling,
  }));
}

export interface EmqxSubscription {
  readonly clientid: string;
  readonly topic: string;
  readonly qos: number;
  readonly nl: number;
  readonly rap: number;
  readonly rh: number;
}

function iso(wallTime: number): string {
  return new Date(wallTime).toISOString();
}
