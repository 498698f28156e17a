import { MqttError, PacketType, type QoS, type SubscriptionRequest } from "@bowline/protocol";
import { ReasonCode, validateTopicName } from "@bowline/protocol/internal";
import { isBrokersOwn } from "../acl/access-control.ts";
import type { Broker } from "../broker.ts";
import type { Connection } from "../connection/connection.ts";
import { grantSubscriptions, removeSubscriptions } from "../connection/subscribe-rules.ts";
import type { Session } from "../sessions/session.ts";
import type { Deployment, SessionView } from "../tenants/deployment.ts";
import type { Tenant } from "../tenants/tenant.ts";

/** The Sessions of a tenant, with the connection that each has just now. */
export function sessionsOf(broker: Broker, tenant: Tenant): SessionView[] {
  const connections = new Map<Session, Connection>();
  for (const connection of broker.connections())
    if (connection.tenant === tenant && connection.session !== undefined && connection.isOpen)
      connections.set(connection.session, connection);
  return [...tenant.sessions.values()].map((session) => ({ session, connection: connections.get(session) }));
}

/** What changes Sessions and sends messages from outside, within one tenant. */
export function messagesOf(
  broker: Broker,
  tenant: Tenant,
): Pick<Deployment, "forgetSession" | "subscribe" | "unsubscribe" | "publish"> {
  const kept = (commit: number): Promise<void> => new Promise((resolve) => void broker.commits.when(commit, resolve));
  return {
    forgetSession: (session) => {
      session.expiryInterval = 0;
      const error = new MqttError("ADMIN", { reasonCode: ReasonCode.AdministrativeAction, source: "local" });
      if (session.connection === undefined) tenant.sessions.end(session);
      else session.connection.end(error);
    },
    subscribe: async (session: Session, requests: readonly SubscriptionRequest[]) => {
      const packet = { type: PacketType.SUBSCRIBE, packetIdentifier: 0, subscriptions: [...requests] } as const;
      // As one of 3.1.1: a fault of the request is an answer, and ends no connection.
      let granted = grantSubscriptions(packet, session, 4, tenant, broker.storage);
      while (granted.reasonCodes.length < requests.length)
        granted = grantSubscriptions(packet, session, 4, tenant, broker.storage, granted);
      const { reasonCodes, added, commit } = granted;
      await kept(commit);
      // All of it at once: what an API was asked for has happened when it answers.
      for (const { subscription, isNew } of added) tenant.router.sendRetained(subscription, isNew, (run) => run());
      return requests.map(({ topicFilter }, i) => ({ topicFilter, reasonCode: reasonCodes[i]! }));
    },
    unsubscribe: async (session: Session, topicFilters: readonly string[]) => {
      const packet = { type: PacketType.UNSUBSCRIBE, packetIdentifier: 0, topicFilters: [...topicFilters] } as const;
      await kept(removeSubscriptions(packet, session, tenant.router, broker.storage).commit);
    },
    publish: async (topicName: string, payload: Uint8Array, options: { qos: QoS; retain: boolean }) => {
      mustBePublishable(topicName, payload, tenant);
      await broker.publish(topicName, payload, { ...options, tenant: tenant.name });
      return tenant.router.hasSubscribers(topicName);
    },
  };
}

function mustBePublishable(topicName: string, payload: Uint8Array, { limits }: Tenant): void {
  const { maximumTopicLevels, maximumTopicBytes, maximumPacketSize } = limits;
  const refuse = (detail: string): never => {
    throw new MqttError("OPTION_INVALID", { detail });
  };
  if (validateTopicName(topicName) !== undefined) refuse("topic: it is no Topic Name");
  if (isBrokersOwn(topicName)) refuse("topic: $SYS/ belongs to the broker");
  if (topicName.split("/").length > maximumTopicLevels) refuse("topic: it is too deep (maximumTopicLevels)");
  if (Buffer.byteLength(topicName) > maximumTopicBytes) refuse("topic: it is too long (maximumTopicBytes)");
  if (payload.length > maximumPacketSize) refuse("payload: it is too large (maximumPacketSize)");
}
