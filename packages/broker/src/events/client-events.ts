import type { MqttError } from "@bowline/protocol";
import type { Clock } from "@bowline/protocol/internal";
import type { Logger } from "../log/logger.ts";
import { KeptMessage } from "../messages/kept-message.ts";
import type { Storage, StoredRule } from "../storage/storage.ts";
import type { Tenant } from "../tenants/tenant.ts";
import type { ClientObserver, ObservedClient } from "./client-observer.ts";
import { disconnectReason } from "./disconnect-reason.ts";
import type { EventsConfig } from "./events-schema.ts";

/** What is remembered of a client that is there. */
interface Presence {
  readonly clientId: string;
  readonly sessionIdentifier: string;
  readonly principalIdentifier: string;
  readonly ipAddress: string;
  readonly versionNumber: number;
}

/** Such a row tells a later process who was there when this one died. */
const ROW = "$presence:";
/** Refused CONNECTs that are told in a second: strangers choose the topics. */
const REFUSALS_PER_SECOND = 20;

/** What it needs of the broker. */
export interface EventEnvironment {
  readonly clock: Clock;
  readonly storage: Storage;
  readonly logger: Logger;
  tenantNamed(name: string): Tenant | undefined;
}

/**
 * Publishes what becomes of clients, in the form of AWS IoT's lifecycle events, at QoS 1. `versionNumber` is the same in both events of one
 * connection and larger for each later one, also after a crash; what a crash kept from being said is said at the next start.
 */
export class ClientEvents implements ClientObserver {
  config: EventsConfig;
  readonly #environment: EventEnvironment;
  readonly #present = new Map<ObservedClient, Presence>();
  #lastVersion = 0;
  #refusals = { second: 0, count: 0 };

  constructor(config: EventsConfig, environment: EventEnvironment) {
    this.config = config;
    this.#environment = environment;
  }

  /** Tells of those who were there when the process before this one died. Sessions must be restored. */
  begin(rows: readonly StoredRule[]): void {
    for (const { tenant, id, rule } of rows) {
      if (!id.startsWith(ROW)) continue;
      const presence = JSON.parse(rule) as Presence;
      this.#lastVersion = Math.max(this.#lastVersion, presence.versionNumber);
      this.#keep(() => this.#environment.storage.deleteRule(tenant, id));
      const there = this.#environment.tenantNamed(tenant);
      if (there !== undefined && this.config.presence) this.#disconnected(there, presence, "SERVER_ERROR");
    }
  }

  opened(connection: ObservedClient): void {
    if (!this.config.presence) return;
    const { tenant, arrival } = connection;
    const { id, clientIdentifier } = connection.session!;
    if (!isTold(clientIdentifier)) return;
    this.#lastVersion = Math.max(this.#lastVersion + 1, this.#environment.clock.wallTime());
    const presence: Presence = {
      clientId: clientIdentifier,
      sessionIdentifier: String(id),
      principalIdentifier: connection.principal,
      ipAddress: arrival.remoteAddress,
      versionNumber: this.#lastVersion,
    };
    this.#present.set(connection, presence);
    this.#keep(() =>
      this.#environment.storage.putRule({ tenant: tenant.name, id: rowOf(presence), order: -1, rule: JSON.stringify(presence) }),
    );
    this.#publish(tenant, "presence", "connected", { ...presence });
  }

  refused(connection: ObservedClient, error: MqttError): void {
    const { tenant, arrival, claimedIdentifier } = connection;
    if (!this.config.presence || claimedIdentifier === undefined || !isTold(claimedIdentifier) || !this.#mayTell()) return;
    this.#publish(tenant, "presence", "connect_failed", {
      clientId: claimedIdentifier,
      connectFailureReason: error.reasonCode === 0x86 || error.reasonCode === 0x87 ? "AUTHORIZATION_FAILED" : error.code,
      ipAddress: arrival.remoteAddress,
    });
  }

  ended(connection: ObservedClient, cause: MqttError | undefined | "lost"): void {
    const presence = this.#present.get(connection);
    if (presence === undefined) return;
    this.#present.delete(connection);
    const { tenant } = connection;
    this.#keep(() => this.#environment.storage.deleteRule(tenant.name, rowOf(presence)));
    this.#disconnected(tenant, presence, disconnectReason(cause));
  }

  denied(): void {}

  subscribed(connection: ObservedClient, topicFilters: readonly string[]): void {
    this.#subscriptions(connection, "subscribed", topicFilters);
  }

  unsubscribed(connection: ObservedClient, topicFilters: readonly string[]): void {
    this.#subscriptions(connection, "unsubscribed", topicFilters);
  }

  #subscriptions(connection: ObservedClient, eventType: string, topics: readonly string[]): void {
    const { tenant, session, principal } = connection;
    if (!this.config.subscriptions || topics.length === 0 || session === undefined) return;
    const { clientIdentifier, id } = session;
    if (!isTold(clientIdentifier)) return;
    this.#publish(tenant, "subscriptions", eventType, {
      clientId: clientIdentifier,
      sessionIdentifier: String(id),
      principalIdentifier: principal,
      topics,
    });
  }

  #disconnected(tenant: Tenant, presence: Presence, reason: string): void {
    const clientInitiatedDisconnect = reason === "CLIENT_INITIATED_DISCONNECT";
    this.#publish(tenant, "presence", "disconnected", { ...presence, clientInitiatedDisconnect, disconnectReason: reason });
  }

  #publish(tenant: Tenant, group: string, eventType: string, facts: { clientId: string; [name: string]: unknown }): void {
    const topic = Buffer.from(`$events/${group}/${eventType}/${facts.clientId}`);
    const payload = Buffer.from(JSON.stringify({ ...facts, timestamp: this.#environment.clock.wallTime(), eventType }));
    this.#keep(() => tenant.router.publishMessage(new KeptMessage(topic, payload, undefined, 0, 1, ""), false, undefined));
  }

  /** An event is never the reason why a client cannot connect. */
  #keep(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#environment.logger.warn({ error }, "an event about a client was not kept");
    }
  }

  #mayTell(): boolean {
    const second = Math.floor(this.#environment.clock.now() / 1_000);
    if (second !== this.#refusals.second) this.#refusals = { second, count: 0 };
    return ++this.#refusals.count <= REFUSALS_PER_SECOND;
  }
}

/** The version is in it, since a client that takes over is there before the one before it is gone. */
function rowOf({ clientId, versionNumber }: Presence): string {
  return `${ROW}${versionNumber}:${clientId}`;
}

/** What a topic has room for, which has 65,535 bytes at most. */
const IDENTIFIER_BYTES_MAX = 65_535 - "$events/subscriptions/unsubscribed/".length;

/** As on AWS: with these in a topic nobody could subscribe to one client's events alone. */
function isTold(clientIdentifier: string): boolean {
  return !/[+#]/.test(clientIdentifier) && Buffer.byteLength(clientIdentifier) <= IDENTIFIER_BYTES_MAX;
}
