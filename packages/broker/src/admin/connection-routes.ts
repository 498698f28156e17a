import { MqttError } from "@bowline/protocol";
import type { Context, Hono } from "hono";
import type { BrokerLimits } from "../connection/broker-limits.ts";
import type { Counters } from "../metrics/counters.ts";
import type { ConnectionSummary } from "./broker-view.ts";

/** Only this tenant exists for the API until tenants have one of their own. */
const TENANT = "default";

/** A Subscription of a client's Session. */
export interface SubscriptionSummary {
  /** As subscribed, `$share/...` included. */
  topicFilter: string;
  qos: number;
  noLocal: boolean;
  retainAsPublished: boolean;
  retainHandling: number;
}

/** What was agreed on in the TLS handshake. */
export interface TlsSummary {
  protocol: string;
  cipher: string;
  /** The name that the client asked for. */
  serverName?: string;
  /** It brought a certificate that is trusted. */
  hasCertificate: boolean;
}

/** All that is known of one connection and its Session. */
export interface ConnectionDetail extends ConnectionSummary {
  remotePort: number;
  localPort: number;
  tls?: TlsSummary;
  session: {
    isPersistent: boolean;
    /** Seconds. */
    expiryInterval: number;
    /** Bytes of topics and payloads that wait. */
    queuedBytes: number;
    /** QoS 2 messages from the client that it has not released. */
    unreleased: number;
    hasWill: boolean;
  };
  /** Bytes that the client's transport has not taken yet. */
  bufferedBytes: number;
  /** The first of them; `subscriptions` says how many there are. */
  subscriptionList: SubscriptionSummary[];
}

/** What the routes about single connections ask and tell. */
export interface ConnectionsContext {
  detail(tenant: string, id: number): ConnectionDetail | undefined;
  /** Ends it with DISCONNECT 0x98; false when there is none. */
  end(tenant: string, id: number): boolean;
  limits(): Readonly<BrokerLimits>;
  counters(): Readonly<Counters>;
}

/** One connection in full, its end, and what limits there are and what they cost so far. */
export function addConnectionRoutes(app: Hono, context: ConnectionsContext): void {
  app.get("/api/v1/connections/:id", (c) => {
    const detail = context.detail(TENANT, idOf(c));
    return detail === undefined ? none(c) : c.json(detail);
  });
  app.delete("/api/v1/connections/:id", (c) => (context.end(TENANT, idOf(c)) ? c.body(null, 204) : none(c)));
  app.get("/api/v1/limits", (c) => c.json({ limits: context.limits(), counters: context.counters() }));
}

function idOf(c: Context): number {
  const id = Number(c.req.param("id"));
  if (!Number.isSafeInteger(id)) throw new MqttError("OPTION_INVALID", { detail: "a connection is named by its number" });
  return id;
}

function none(c: Context): Response {
  return c.json({ error: { code: "NOT_FOUND", message: "there is no such connection; it may have ended" } }, 404);
}
