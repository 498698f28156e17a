import type { BrokerStats, BrokerView, ConnectionSummary } from "../admin/broker-view.ts";
import type { Broker } from "../broker.ts";
import type { Connection } from "../connection/connection.ts";
import { droppedOf } from "../metrics/broker-metrics.ts";
import { droppedIn, dropsOf } from "../metrics/drops.ts";
import type { Session } from "../sessions/session.ts";

/** A broker as the admin API sees it. */
export function viewOf(
  broker: Broker,
  facts: { version: string; startedAt: number; listeners: () => readonly string[] },
): BrokerView {
  return {
    version: facts.version,
    startedAt: facts.startedAt,
    listeners: facts.listeners,
    health: () => broker.storage.health,
    stats: () => statsOf(broker),
    connections: (tenant) => connectionsOf(broker, tenant),
  };
}

function statsOf(broker: Broker): BrokerStats {
  const { counters } = broker;
  return {
    connections: countClients(broker),
    sessions: broker.sessionCount,
    retainedMessages: broker.retainedCount,
    connectionsAccepted: counters.connectionsAccepted,
    connectionsRefused: counters.connectionsRefused,
    messagesReceived: counters.messagesReceived,
    messagesSent: counters.messagesSent,
    messagesDropped: droppedOf(counters),
    bytesReceived: counters.bytesReceived,
    bytesSent: counters.bytesSent,
  };
}

function connectionsOf(broker: Broker, tenant: string): ConnectionSummary[] {
  return clientsOf(broker)
    .filter(({ connection }) => connection.tenant.name === tenant)
    .map(({ connection, session }) => summarize(connection, session));
}

/** How many `clientsOf` there are, without a list of them. */
function countClients(broker: Broker): number {
  let count = 0;
  for (const { session, isOpen } of broker.connections()) if (session !== undefined && isOpen) count++;
  return count;
}

/** Connections whose CONNECT was accepted; the others are nobody yet. */
export function clientsOf(broker: Broker): { connection: Connection; session: Session }[] {
  const clients = [];
  for (const connection of broker.connections()) {
    const { session } = connection;
    if (session !== undefined && connection.isOpen) clients.push({ connection, session });
  }
  return clients;
}

/** One row of the list of connections. */
export function summarize(connection: Connection, session: Session): ConnectionSummary {
  return {
    id: connection.id,
    clientIdentifier: session.clientIdentifier,
    owner: session.owner,
    transport: connection.arrival.transport,
    remoteAddress: connection.arrival.remoteAddress,
    protocolVersion: connection.sender.version,
    connectedAt: connection.connectedAt,
    subscriptions: session.subscriptions.size,
    inFlight: session.state.inFlight.count,
    queued: session.state.queue.length,
    queuedBytes: session.state.queuedBytes,
    bufferedBytes: connection.arrival.channel.bufferedBytes,
    dropped: droppedIn(session.drops?.total),
    drops: dropsOf(session),
    publishesRefused: connection.publishesRefused,
  };
}
