import { MqttError } from "@bowline/protocol";
import type { ConnectionDetail, ConnectionsContext, SubscriptionSummary, TlsSummary } from "../admin/connection-routes.ts";
import type { Broker } from "../broker.ts";
import type { Connection } from "../connection/connection.ts";
import type { ArrivalTls } from "../listeners/arrival.ts";
import type { Session, Subscription } from "../sessions/session.ts";
import { clientsOf, summarize } from "./view-of.ts";

/** Reason Code 0x98, Administrative action. */
const ADMINISTRATIVE_ACTION = 0x98;
/** What a person reads; programs subscribe to fewer. */
const SUBSCRIPTIONS_LISTED = 500;

/** A broker as the routes about single connections see it. */
export function connectionsContextOf(broker: Broker): ConnectionsContext {
  const find = (tenant: string, id: number): { connection: Connection; session: Session } | undefined =>
    clientsOf(broker).find(({ connection }) => connection.id === id && connection.tenant.name === tenant);
  return {
    detail: (tenant, id) => {
      const client = find(tenant, id);
      return client === undefined ? undefined : detailOf(client.connection, client.session);
    },
    end: (tenant, id) => {
      const client = find(tenant, id);
      client?.connection.end(new MqttError("ADMIN", { reasonCode: ADMINISTRATIVE_ACTION, source: "local" }));
      return client !== undefined;
    },
    limits: () => broker.limits,
    counters: () => broker.counters,
  };
}

function detailOf(connection: Connection, session: Session): ConnectionDetail {
  const { channel, remotePort, localPort, tls } = connection.arrival;
  const { state } = session;
  return {
    ...summarize(connection, session),
    remotePort,
    localPort,
    ...(tls === undefined ? {} : { tls: tlsOf(tls) }),
    session: {
      isPersistent: session.isPersistent,
      expiryInterval: session.expiryInterval,
      queuedBytes: state.queuedBytes,
      unreleased: state.inbound.size,
      hasWill: session.will !== undefined,
    },
    bufferedBytes: channel.bufferedBytes,
    subscriptionList: subscriptionsOf(session),
  };
}

function tlsOf({ protocol, cipher, serverName, isAuthorized }: ArrivalTls): TlsSummary {
  return { protocol, cipher, ...(serverName === undefined ? {} : { serverName }), hasCertificate: isAuthorized };
}

function subscriptionsOf({ subscriptions }: Session): SubscriptionSummary[] {
  const listed: Subscription[] = [];
  for (const subscription of subscriptions.values()) if (listed.push(subscription) === SUBSCRIPTIONS_LISTED) break;
  return listed.map(({ topicFilter, qos, noLocal, retainAsPublished, retainHandling }) => ({
    topicFilter,
    qos,
    noLocal,
    retainAsPublished,
    retainHandling,
  }));
}
