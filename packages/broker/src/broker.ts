import { MqttError, type Properties, type QoS } from "@bowline/protocol";
import { type Clock, ReasonCode, type TimerHandle } from "@bowline/protocol/internal";
import type { AccessControl, Identity } from "./acl/access-control.ts";
import { type AccessFunctions, accessOf, openAccess } from "./acl/access-functions.ts";
import type { Authenticator, AuthRequest } from "./auth/authenticator.ts";
import type { ClientObserver } from "./events/client-observer.ts";
import { shortName } from "./events/refusal.ts";
import { AdmissionGate } from "./connection/admission-gate.ts";
import { type BrokerLimits, defaultLimits } from "./connection/broker-limits.ts";
import { type BrokerEnvironment, Connection } from "./connection/connection.ts";
import { allowanceOf } from "./connection/publish-rate.ts";
import { limitsOf, type TenantLimits } from "./connection/tenant-limits.ts";
import { FlushSchedule } from "./connection/flush-schedule.ts";
import { type Redirection, redirectionAnswer } from "./connection/redirection.ts";
import type { Arrival } from "./listeners/arrival.ts";
import { type Logger, silentLogger } from "./log/logger.ts";
import { Journal } from "./messages/journal.ts";
import { KeptMessage } from "./messages/kept-message.ts";
import { Counters } from "./metrics/counters.ts";
import { DropLedger } from "./metrics/drop-ledger.ts";
import { type ClientDrops, DropReport } from "./metrics/drop-report.ts";
import { reachedLimit } from "./metrics/reached-limits.ts";
import { useNodeBytes } from "./node-bytes.ts";
import { Router } from "./router/router.ts";
import type { Session } from "./sessions/session.ts";
import { type SessionEvents, SessionRegistry } from "./sessions/session-registry.ts";
import { CommitQueue } from "./storage/commit-queue.ts";
import { MemoryStorage } from "./storage/memory-storage.ts";
import type { LoadedSession, Storage, StorageHealth, StoredMessage, StoredRule, StoredUser } from "./storage/storage.ts";
import { systemClock } from "./system-clock.ts";
import { emptyTenant } from "./tenants/empty-tenant.ts";
import { DEFAULT_TENANT, type Tenant } from "./tenants/tenant.ts";
import { Traces } from "./trace/traces.ts";

/** Ms between two looks at deadlines: Keep Alive and wills fall due at most this much late. */
const SWEEP_EVERY_MS = 250;

export interface BrokerOptions {
  authenticator: Authenticator;
  /** Default: a memory storage that forgets with the process. */
  storage?: Storage;
  /** Default: every authenticated client may do everything but publish to `$SYS/`. */
  access?: AccessControl | AccessFunctions;
  limits?: Partial<BrokerLimits>;
  /**
   * Whether an authenticated client is to go elsewhere: asked at each CONNECT, whose CONNACK then says so (0x9C or 0x9D with Server
   * Reference on 5.0, Server unavailable before). It answers at once; what it throws refuses the client as not available, and is logged.
   * Default: nobody is.
   */
  redirect?: (request: AuthRequest, owner: string) => Redirection | undefined;
  logger?: Logger;
  /** Default: the machine's. */
  clock?: Clock;
}

/** What storage handed over that is not the broker's own: the caller's directories take it. */
export interface LoadedDirectory {
  users: StoredUser[];
  rules: StoredRule[];
}

/**
 * A broker without listeners: it takes arrivals and routes messages. Listeners, users and the admin API are put round it by
 * whoever starts one, so that a test or another program can embed it.
 */
export class Broker implements BrokerEnvironment, SessionEvents {
  readonly clock: Clock;
  readonly storage: Storage;
  readonly journal: Journal;
  readonly commits: CommitQueue;
  readonly flushes: FlushSchedule = new FlushSchedule();
  /** Another one is asked from the next CONNECT on. */
  authenticator: Authenticator;
  readonly access: AccessControl;
  limits: BrokerLimits;
  readonly gate: AdmissionGate = new AdmissionGate(this);
  readonly redirect: BrokerOptions["redirect"];
  /** Told what becomes of clients. */
  observer: ClientObserver | undefined;
  /** Looks at live packets for operators. */
  readonly traces: Traces;
  readonly logger: Logger;
  private readonly tenants = new Map<string, Tenant>();
  private readonly tenantLimits = new Map<string, TenantLimits>();
  private readonly open = new Set<Connection>();
  private stamped: ReadonlySet<string> = new Set();
  private readonly drops: DropReport;
  private nextSessionId = 1;
  private nextConnectionId = 1;
  private sweeper: TimerHandle;
  private isClosing = false;

  constructor(options: BrokerOptions) {
    useNodeBytes();
    this.clock = options.clock ?? systemClock;
    this.storage = options.storage ?? new MemoryStorage();
    this.journal = new Journal(this.storage);
    this.commits = new CommitQueue(this.storage);
    this.authenticator = options.authenticator;
    this.limits = { ...defaultLimits, ...options.limits };
    this.redirect = options.redirect;
    this.logger = options.logger ?? silentLogger;
    const { access = openAccess } = options;
    this.access = "rightsOf" in access ? access : accessOf(access, this.accessFaulted);
    this.drops = new DropReport(this, this.logger, this.clock);
    this.traces = new Traces(() => this.open, this.clock);
    this.openTenant(DEFAULT_TENANT);
  }

  /** Loads what storage holds. Call it once, before the first arrival; rejects with the storage's MqttError. */
  async start(): Promise<LoadedDirectory> {
    const messages = new Map<number, KeptMessage>();
    const directory: LoadedDirectory = { users: [], rules: [] };
    this.storage.onCommitted = () => this.commits.moved();
    this.storage.onHealth = (health) => this.storageHealth(health);
    await this.storage.load({
      message: (row) => messages.set(row.id, keptMessage(row)),
      session: (loaded) => this.restoreSession(loaded, messages),
      retained: (tenant, _topicName, messageId) => {
        const message = messages.get(messageId);
        if (message !== undefined) this.tenant(tenant).router.restoreRetained(message);
      },
      user: (user) => directory.users.push(user),
      rule: (rule) => directory.rules.push(rule),
    });
    this.access.begin?.(directory.rules);
    this.journal.begin();
    this.nextSessionId = this.storage.nextSessionId;
    this.forgetUnreferenced(messages);
    this.sweep();
    return directory;
  }

  /**
   * Puts other limits in force. What a connection was told in its CONNACK holds for it until it ends; queues and buffers are bounded
   * by the new ones at once.
   */
  changeLimits(limits: Partial<BrokerLimits>): void {
    // An object of its own: connections keep the one that they began with.
    this.limits = { ...defaultLimits, ...limits };
    for (const tenant of this.tenants.values()) this.applyLimits(tenant);
  }

  /**
   * Gives a tenant limits of its own over the broker's, in place of any earlier ones, or takes them away. They hold as `changeLimits` says;
   * those of connections, Sessions and Subscriptions end none that is there.
   */
  setTenantLimits(name: string, limits: TenantLimits | undefined): void {
    if (limits === undefined) this.tenantLimits.delete(name);
    else this.tenantLimits.set(name, limits);
    const tenant = this.tenants.get(name);
    if (tenant !== undefined) this.applyLimits(tenant);
  }

  /**
   * Rights have changed, of one tenant or of all: what the next message, and each one that waits, is decided by. Nobody is
   * disconnected.
   */
  accessChanged(tenant?: string): void {
    for (const { name, router, sessions } of this.tenants.values()) {
      if (tenant !== undefined && tenant !== name) continue;
      router.accessChanged();
      sessions.accessChanged();
    }
  }

  /** Takes over a peer whose first bytes a listener has looked at. */
  readonly accept = (arrival: Arrival): void => {
    const tenant = this.tenants.get(arrival.tenant);
    if (this.isClosing || tenant === undefined || tenant.gate === "closed") {
      // A listener may be for a tenant that is still to be made.
      if (!this.isClosing) this.logger.info({ tenant: arrival.tenant, from: arrival.remoteAddress }, "no such tenant");
      arrival.channel.destroy();
      return;
    }
    const connection = new Connection(this, tenant, arrival, this.nextConnectionId++);
    this.open.add(connection);
    this.traces.arrived(connection);
  };

  /** Every Network Connection, also those that have not sent their CONNECT. */
  connections(): IterableIterator<Connection> {
    return this.open.values();
  }

  /** Lets the clients of a tenant in, or, paused, answers them with Server unavailable and ends those that are there. */
  openTenant(name: string, isPaused: boolean = false): void {
    const tenant = this.tenant(name);
    tenant.gate = isPaused ? "paused" : "open";
    if (isPaused) this.endClients(byOperator(), undefined, (who) => who.tenant === name);
  }

  /**
   * Ends a tenant for good: its clients leave without their wills, and what they had goes. Resolves when storage has forgotten it, in
   * steps that hold nobody up; rejects with STORE_READ_ONLY, and may be called again then.
   */
  async removeTenant(name: string): Promise<void> {
    const tenant = this.tenants.get(name);
    if (tenant === undefined) return;
    tenant.gate = "closed";
    await emptyTenant(tenant, this.open, this.storage);
    this.tenants.delete(name);
  }

  /** The tenants, also those that are still to be made, where messages of clients that connect from now on carry who sent them. */
  stampSenders(names: ReadonlySet<string>): void {
    this.stamped = names;
    for (const tenant of this.tenants.values()) tenant.stampsSenders = names.has(tenant.name);
  }

  /** Undefined where there is none, or it is on its way out. */
  tenantNamed(name: string): Tenant | undefined {
    const tenant = this.tenants.get(name);
    return tenant?.gate === "closed" ? undefined : tenant;
  }

  /** Every tenant there is, also one that is closed. */
  allTenants(): IterableIterator<Tenant> {
    return this.tenants.values();
  }

  /** The sums of all tenants, as of now. */
  get counters(): Counters {
    const sums = new Counters();
    for (const { counters } of this.tenants.values()) sums.add(counters);
    return sums;
  }

  /**
   * Calls the listener when clients have lost messages: with those that lost most since the last time, at once and then at most every 10 s.
   * Answers how to stop that.
   */
  onDrops(listener: (drops: readonly ClientDrops[]) => void): () => void {
    return this.drops.listen(listener);
  }

  /** The Sessions that lost messages since the last call of this: for the report. */
  takeLosers(): Session[] {
    return [...this.tenants.values()].flatMap(({ drops }) => drops.takeNoted());
  }

  /** Sessions of all tenants, connected or not. */
  get sessionCount(): number {
    let count = 0;
    for (const tenant of this.tenants.values()) count += tenant.sessions.size;
    return count;
  }

  get retainedCount(): number {
    let count = 0;
    for (const tenant of this.tenants.values()) count += tenant.router.retained.size;
    return count;
  }

  /** Publishes a message in the broker's own name; resolves when it is kept where it must be, rejects with STORE_READ_ONLY. */
  async publish(
    topicName: string,
    payload: Uint8Array,
    options: { qos?: QoS; retain?: boolean; tenant?: string } = {},
  ): Promise<void> {
    const name = options.tenant ?? DEFAULT_TENANT;
    const tenant = this.tenants.get(name);
    if (tenant === undefined) throw new MqttError("TENANT_UNKNOWN", { detail: `"${name}"` });
    const topic = new TextEncoder().encode(topicName);
    const message = new KeptMessage(topic, payload, undefined, 0, options.qos ?? 0, "");
    const commit = tenant.router.publishMessage(message, options.retain ?? false, undefined);
    await new Promise<void>((resolve) => this.commits.when(commit, resolve));
  }

  /**
   * Ends every connection (DISCONNECT 0x8B on 5.0, or 0x9C with the server to go to) and closes storage. Connections still there
   * after `deadlineMs` are cut.
   */
  async close(deadlineMs: number = 1500, elsewhere?: Redirection): Promise<void> {
    if (this.isClosing) return;
    this.isClosing = true;
    this.clock.clearTimer(this.sweeper);
    this.traces.close();
    for (const tenant of this.tenants.values()) tenant.sessions.closing();
    const { error, properties } =
      elsewhere === undefined
        ? { error: new MqttError("SHUTDOWN", { reasonCode: ReasonCode.ServerShuttingDown }), properties: undefined }
        : redirectionAnswer(elsewhere);
    for (const connection of this.open) connection.end(error, properties);
    await this.allClosed(deadlineMs);
    await this.storage.close();
  }

  /**
   * Sends clients that are connected to another server: DISCONNECT 0x9C or 0x9D with Server Reference on 5.0, a close before. Answers
   * how many. Those who come back in spite of it are the business of `BrokerOptions.redirect`.
   */
  redirectClients(to: Redirection, isMeant: (who: Identity) => boolean = () => true): number {
    const { error, properties } = redirectionAnswer(to);
    return this.endClients(error, properties, isMeant);
  }

  /** Ends connections by the will of an operator: DISCONNECT 0x98 on 5.0, a close before. Answers how many. */
  disconnectClients(isMeant: (who: Identity) => boolean): number {
    return this.endClients(byOperator(), undefined, isMeant);
  }

  /**
   * A user is removed or disabled: DISCONNECT 0x98 on 5.0, a close before, and no will. Its Sessions stay for when it may come back,
   * unless it is gone for good.
   */
  dropOwner(tenant: string, owner: string, isForGood: boolean): void {
    this.tenants.get(tenant)?.sessions.dropOwner(owner, byOperator(), isForGood);
  }

  private endClients(error: MqttError, properties: Properties | undefined, isMeant: (who: Identity) => boolean): number {
    const meant = [...this.open].filter(({ isOpen, session }) => isOpen && session !== undefined && isMeant(session));
    for (const connection of meant) connection.end(error, properties);
    return meant.length;
  }

  // BrokerEnvironment

  connectionOpened(connection: Connection): void {
    connection.tenant.counters.connectionsAccepted++;
    this.observer?.opened(connection);
    connection.tenant.logger.debug({ ...whoIs(connection), version: connection.sender.version }, "client connected");
  }

  connectionClosing(connection: Connection, error: MqttError | undefined): void {
    if (connection.session === undefined) connection.tenant.counters.connectionsRefused++;
    this.traces.ending(connection, error);
    if (connection.session !== undefined) this.observer?.ended(connection, error);
    else if (error !== undefined) this.observer?.refused(connection, error);
    if (error === undefined) {
      if (connection.session !== undefined) connection.tenant.logger.debug(whoIs(connection), "client disconnected");
      return;
    }
    const limit = reachedLimit(error, connection.session !== undefined);
    if (limit !== undefined) connection.tenant.counters[limit]++;
    const fields = { ...whoIs(connection), error };
    const { logger } = connection.tenant;
    if (error.source === "internal") logger.error(fields, "connection ended by a fault of ours");
    // The end of the broker, or its drain, is told once, and not for each of its clients.
    else if (FAREWELLS.has(error.code) && connection.session !== undefined) logger.debug(fields, "client sent away");
    else logger.info(fields, connection.session === undefined ? "client refused" : "client disconnected by the broker");
  }

  connectionClosed(connection: Connection, cause: Error | undefined): void {
    this.open.delete(connection);
    this.traces.closed(connection, cause);
    this.observer?.ended(connection, "lost");
    connection.tenant.logger.debug({ ...whoIs(connection), error: cause }, "connection closed");
    this.whenEmpty?.();
  }

  faulted(connection: Connection, cause: unknown): void {
    connection.tenant.logger.error({ ...whoIs(connection), error: cause }, "a fault of ours at a connection");
  }

  // SessionEvents

  willPostponed(session: Session): void {
    const { counters, logger } = this.tenant(session.tenant);
    counters.willsPostponed++;
    logger.warn({ clientId: session.clientIdentifier }, "a will waits until storage takes writes again");
  }

  willDropped(session: Session, reason: string): void {
    const { counters, logger } = this.tenant(session.tenant);
    counters.willsDropped++;
    logger.warn({ clientId: session.clientIdentifier, reason }, "a will was not published");
  }

  sessionFaulted(session: Session, cause: unknown): void {
    this.tenant(session.tenant).logger.error({ clientId: session.clientIdentifier, error: cause }, "a fault of ours at a session");
  }

  private readonly accessFaulted = (who: Identity, cause: unknown): void => {
    const { logger } = this.tenant(who.tenant);
    logger.error({ clientId: who.clientIdentifier, error: cause }, "a rule failed inside; what it was asked for is denied");
  };

  private whenEmpty: (() => void) | undefined;

  private async allClosed(deadlineMs: number): Promise<void> {
    if (this.open.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = this.clock.setTimer(() => {
        for (const connection of this.open) connection.arrival.channel.destroy();
        resolve();
      }, deadlineMs);
      this.whenEmpty = () => {
        if (this.open.size > 0) return;
        this.clock.clearTimer(timer);
        resolve();
      };
    });
  }

  private applyLimits(tenant: Tenant): void {
    const old = tenant.limits;
    tenant.limits = limitsOf(this.limits, this.tenantLimits.get(tenant.name));
    tenant.router.limitsChanged(tenant.limits);
    if (!RATES.some((name) => old[name] !== tenant.limits[name])) return;
    tenant.allowance = allowanceOf(tenant.limits, this.clock.now());
    for (const connection of this.open) if (connection.tenant === tenant && connection.isOpen) connection.ratesChanged();
  }

  private addTenant(name: string): Tenant {
    const { clock, journal, access } = this;
    const limits = limitsOf(this.limits, this.tenantLimits.get(name));
    const counters = new Counters();
    const drops = new DropLedger(counters);
    const router = new Router({ tenant: name, journal, counters, drops, clock, access, limits });
    const nextSessionId = (): number => this.nextSessionId++;
    const sessions = new SessionRegistry({ tenant: name, router, journal, drops, access, clock, nextSessionId, events: this });
    const allowance = allowanceOf(limits, clock.now());
    const tenant: Tenant = {
      name,
      router,
      sessions,
      counters,
      drops,
      limits,
      allowance,
      logger: this.logger.child({ tenant: name }),
      gate: "closed",
      stampsSenders: this.stamped.has(name),
    };
    this.tenants.set(name, tenant);
    return tenant;
  }

  private tenant(name: string): Tenant {
    return this.tenants.get(name) ?? this.addTenant(name);
  }

  private restoreSession(loaded: LoadedSession, messages: ReadonlyMap<number, KeptMessage>): void {
    this.tenant(loaded.session.tenant).sessions.restore(loaded, (id) => messages.get(id));
  }

  /** A crash between the rows of one message's last holder and its own leaves it behind. */
  private forgetUnreferenced(messages: ReadonlyMap<number, KeptMessage>): void {
    for (const message of messages.values()) {
      if (message.references > 0) continue;
      const { id } = message;
      this.journal.write(() => this.storage.deleteMessage(id));
    }
  }

  private storageHealth(health: StorageHealth): void {
    if (health.state === "ok") this.logger.info({}, "storage takes writes again");
    else {
      const because = { because: health.cause };
      this.logger.error(because, "storage takes no writes: nothing is acknowledged that cannot be kept; retried every 5 s");
    }
    // Also where it is not writable: over its size limit it takes what makes room.
    // Publishers who wait for storage hear how it is.
    this.commits.moved();
    this.journal.settle((error) => this.logger.error({ error }, "what was owed to storage failed"));
  }

  private lookAtLoad(): void {
    const before = this.gate.overload;
    this.gate.look(SWEEP_EVERY_MS);
    const { overload } = this.gate;
    if (overload !== undefined && before === undefined) this.logger.warn({ because: overload }, "new connections are refused");
    if (overload === undefined && before !== undefined) this.logger.info({}, "new connections are accepted again");
  }

  private sweep(): void {
    const now = this.clock.now();
    for (const connection of this.open) connection.tick(now);
    for (const tenant of this.tenants.values()) {
      tenant.sessions.sweep();
      tenant.router.sweep();
    }
    this.drops.sweep();
    this.lookAtLoad();
    this.sweeper = this.clock.setTimer(() => this.sweep(), SWEEP_EVERY_MS);
  }
}

/** Why clients are sent away that have done nothing. */
const FAREWELLS: ReadonlySet<string> = new Set(["SHUTDOWN", "USE_ANOTHER", "MOVED"]);

/** A client, for the log. */
function whoIs({ id, arrival, session, claimedIdentifier, principal }: Connection): object {
  return {
    connection: id,
    clientId: session?.clientIdentifier ?? (claimedIdentifier && shortName(claimedIdentifier)),
    owner: principal || undefined,
    from: arrival.remoteAddress,
    transport: arrival.transport,
  };
}

/** The limits that a connection keeps an account of. */
const RATES = [
  "publishesPerSecond",
  "publishBytesPerSecond",
  "tenantPublishesPerSecond",
  "tenantPublishBytesPerSecond",
] as const satisfies readonly (keyof BrokerLimits)[];

/** DISCONNECT 0x98 on 5.0, a close before. */
function byOperator(): MqttError {
  return new MqttError("ADMIN", { reasonCode: ReasonCode.AdministrativeAction, source: "local" });
}

function keptMessage(row: StoredMessage): KeptMessage {
  const message = new KeptMessage(row.topicName, row.payload, row.properties, row.expiresAt, row.qos, row.publisher);
  message.id = row.id;
  return message;
}
