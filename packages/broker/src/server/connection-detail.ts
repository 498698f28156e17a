import type { ConnectionDetail, SubscriptionSummary, TlsSummary } from "../admin/broker-view.ts";
import type { Connection } from "../connection/connection.ts";
import type { ArrivalTls } from "../listeners/arrival.ts";
import type { Session, Subscription } from "../sessions/session.ts";
import { summarize } from "./view-of.ts";

/** What a person reads; programs subscribe to fewer. */
const SUBSCRIPTIONS_LISTED = 500;

/** One connection in full. */
export function detailOf(connection: Connection, session: Session): ConnectionDetail {
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
