import type { Broker } from "../broker.ts";
import { KeptMessage } from "../messages/kept-message.ts";
import { brokerMetrics } from "../metrics/broker-metrics.ts";
import { ProcessMetrics } from "../metrics/process-metrics.ts";
import { prometheusText } from "../metrics/prometheus-text.ts";
import { SysLoads, sysTopics } from "../metrics/sys-topics.ts";
import { type TenantFigures, tenantFigures } from "../metrics/tenant-figures.ts";
import { topLosers } from "../metrics/top-losers.ts";
import type { Session } from "../sessions/session.ts";
import type { AcmeRenewal } from "../tls/acme/acme-renewal.ts";
import type { ConfigReload } from "./config-reload.ts";
import type { ServerDrain } from "./server-drain.ts";
import type { ServerListeners } from "./server-listeners.ts";
import type { ServerTls } from "./server-tls.ts";
import { clientsOf } from "./view-of.ts";

export interface ServerMetricsOptions {
  readonly broker: Broker;
  readonly tls: ServerTls;
  readonly acme: AcmeRenewal;
  readonly reload: ConfigReload;
  readonly drain: ServerDrain;
  readonly listeners: () => ServerListeners | undefined;
  readonly version: string;
}

/** Clients in `$SYS/broker/clients/dropped` of a tenant, and in the metrics of all, those that lost most first. */
const CLIENTS_NAMED = 10;
const CLIENTS_LABELLED = 20;

/** Tells what the broker does: to Prometheus when it asks, and to MQTT clients as $SYS topics. */
export class ServerMetrics {
  readonly #options: ServerMetricsOptions;
  readonly #process: ProcessMetrics = new ProcessMetrics();
  readonly #startedAt: number = Date.now();
  readonly #loads = new Map<string, SysLoads>();
  #sampledAt: number = performance.now();
  #intervalSeconds = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ServerMetricsOptions) {
    this.#options = options;
  }

  /** In Prometheus' text format. */
  async text(): Promise<string> {
    const { broker, tls, acme, reload, drain, listeners, version } = this.#options;
    const families = brokerMetrics({
      version,
      startedAt: this.#startedAt,
      tenants: this.#figures(reload.config.metrics.maximumTenants),
      losers: topLosers(allSessions(broker), CLIENTS_LABELLED),
      listeners: listeners()?.all() ?? [],
      isStorageWritable: broker.storage.health.state === "ok",
      storageSize: broker.storage.size,
      isDraining: drain.isDraining,
      isOverloaded: broker.gate.isOverloaded,
      reloads: reload.counts,
      certificateNotAfter: tls.notAfter,
      certificateOrders: acme.counts,
    });
    return prometheusText([...families, ...(await this.#process.collect())]);
  }

  /** Publishes the $SYS topics each so many seconds; 0 for never, and then they are gone. */
  publishEvery(seconds: number): void {
    if (seconds === this.#intervalSeconds) return;
    clearInterval(this.#timer);
    this.#intervalSeconds = seconds;
    if (seconds === 0) {
      for (const { router } of this.#options.broker.allTenants()) router.forgetSystem();
      return;
    }
    this.#publish();
    this.#timer = setInterval(() => this.#publish(), seconds * 1_000).unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#process.close();
  }

  #figures(maximum: number): TenantFigures[] {
    const { broker } = this.#options;
    const connections = new Map<string, number>();
    for (const { connection } of clientsOf(broker)) {
      const { name } = connection.tenant;
      connections.set(name, (connections.get(name) ?? 0) + 1);
    }
    return tenantFigures(broker.allTenants(), connections, maximum);
  }

  #publish(): void {
    const { broker, version } = this.#options;
    const figures = this.#figures(Number.POSITIVE_INFINITY);
    const now = performance.now();
    const seconds = Math.max(0.001, (now - this.#sampledAt) / 1_000);
    this.#sampledAt = now;
    const facts = {
      version,
      uptimeSeconds: Math.round((Date.now() - this.#startedAt) / 1_000),
    };
    for (const tenant of broker.allTenants()) {
      const own = figures.find((each) => each.tenant === tenant.name);
      if (own === undefined) continue;
      let loads = this.#loads.get(tenant.name);
      if (loads === undefined) this.#loads.set(tenant.name, (loads = new SysLoads()));
      const losers = topLosers(tenant.sessions.values(), CLIENTS_NAMED);
      for (const [topicName, value] of sysTopics(own, facts, loads.sample(own, seconds), losers)) {
        tenant.router.publishSystem(new KeptMessage(Buffer.from(topicName), Buffer.from(value), undefined, 0, 0, ""));
      }
    }
  }
}

function* allSessions(broker: Broker): Iterable<Session> {
  for (const { sessions } of broker.allTenants()) yield* sessions.values();
}
