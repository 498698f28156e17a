import { MqttError } from "@bowline/protocol";
import type { ConnectionSummary } from "./broker-view.ts";
import { connectionList } from "./connection-list.ts";
import type { TenantApp, TenantContext } from "./tenant-env.ts";

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

/** The connections of a tenant: all, one in full, its end; and what limits there are and what they cost so far. */
export function addConnectionRoutes(app: TenantApp): void {
  app.get("/connections", (c) => c.json(connectionList(c.get("deployment").connections(), c.req.query())));
  app.get("/connections/:id", (c) => {
    const detail = c.get("deployment").connection(idOf(c));
    return detail === undefined ? none(c) : c.json(detail);
  });
  app.delete("/connections/:id", (c) => (c.get("deployment").endConnection(idOf(c)) ? c.body(null, 204) : none(c)));
  app.get("/limits", (c) => c.json({ limits: c.get("deployment").limits(), counters: c.get("deployment").counters() }));
}

function idOf(c: TenantContext): number {
  const id = Number(c.req.param("id"));
  if (!Number.isSafeInteger(id)) throw new MqttError("OPTION_INVALID", { detail: "a connection is named by its number" });
  return id;
}

function none(c: TenantContext): Response {
  return c.json({ error: { code: "NOT_FOUND", message: "there is no such connection; it may have ended" } }, 404);
}
