import type { IncomingMessage } from "node:http";
import { MqttError } from "@bowline/protocol";
import type { BrokerConfig } from "../config/broker-config.ts";
import type { ListenerConfig } from "../config/listener-schema.ts";
import type { Accept } from "../listeners/arrival.ts";
import { bind } from "../listeners/bind.ts";
import { FrontLog } from "../listeners/front-log.ts";
import type { PageTenant, RequestHandler } from "../listeners/http-front.ts";
import { formatListenUrl, type ListenUrl, parseListenUrl } from "../listeners/listen-url.ts";
import { type Listener, type ListenerOptions, openListener } from "../listeners/listener.ts";
import { ConnectionLimiter } from "../listeners/connection-limiter.ts";
import { defaultConnectionLimits, withinOpenFiles } from "../listeners/connection-limits.ts";
import { isLoopbackHost } from "../listeners/loopback.ts";
import type { Logger } from "../log/logger.ts";
import { maximumOpenFiles } from "../metrics/process-metrics.ts";
import type { TenantNames } from "../tenants/tenant-names.ts";
import type { TenantTable } from "../tls/tenant-directory.ts";
import { parseAdminUrl, parseConsoleUrl } from "./admin-url.ts";
import type { Staged } from "./staged.ts";
import { trustedProxies } from "./trusted-proxies.ts";

type Role = "mqtt" | "console" | "admin";
const ROLE_NAMES: Readonly<Record<Exclude<Role, "mqtt">, string>> = { console: "console", admin: "admin listener" };

/** One listener that a configuration asks for. */
interface Planned {
  readonly role: Role;
  readonly url: ListenUrl;
  readonly config: ListenerConfig;
}

/** All of them, read before anything is opened. */
export interface ListenPlan {
  readonly planned: readonly Planned[];
  readonly needsTls: boolean;
}

/** @throws MqttError LISTEN_URL_INVALID, PLAINTEXT_OFF_LOOPBACK */
export function planListeners(config: BrokerConfig): ListenPlan {
  const planned: Planned[] = config.listen.map((listener) => ({
    role: "mqtt",
    url: parseListenUrl(listener.url, { allowPlaintext: config.allowPlaintext }),
    config: listener,
  }));
  const own = (role: Role, url: ListenUrl): Planned => ({ role, url, config: { url: "" } });
  if (config.console !== false) planned.push(own("console", parseConsoleUrl(config.console)));
  if (config.admin.listen !== false) planned.push(own("admin", parseAdminUrl(config.admin.listen, config)));
  return { planned, needsTls: planned.some(({ url }) => url.scheme === "mqtts" || url.scheme === "wss") };
}

/** A WebSocket message may hold the largest packet and some small ones beside it. */
const FRAMING_SLACK = 65_536;
/** What a listener that ends gives those whose first bytes are on the way. */
const CLOSE_GRACE_MS = 200;

export interface ServerListenersOptions {
  readonly accept: Accept;
  /** Answers the HTTP requests of the console. */
  readonly consoleHandler: RequestHandler;
  /** The tenant that a page of the console asks for. */
  readonly pageTenant: (request: IncomingMessage) => PageTenant;
  /** Answers those of the admin listener. */
  readonly adminHandler: RequestHandler;
  readonly logger: Logger;
  /** Which tenant a host name leads to. */
  readonly names: TenantNames;
  /** Asked before a TLS handshake. */
  readonly isBanned: (tenant: string, address: string) => boolean;
  /** Whether new connections are to wait until those who are there are served. */
  readonly gate: { readonly isOverloaded: boolean };
}

/** A listener in force, and where it stands: what a later configuration finds it by. */
interface Standing {
  readonly role: Role;
  readonly address: string;
  readonly listener: Listener;
}

/** The listeners of a server. A reload keeps those whose address stays, so that no client finds a port closed. */
export class ServerListeners {
  readonly #options: ServerListenersOptions;
  readonly #limiter: ConnectionLimiter;
  readonly #log: FrontLog;
  #standing: readonly Standing[] = [];

  constructor(options: ServerListenersOptions) {
    this.#options = options;
    this.#log = new FrontLog(options.logger);
    this.#limiter = new ConnectionLimiter(
      defaultConnectionLimits,
      () => performance.now(),
      () => options.gate.isOverloaded,
    );
  }

  /** MQTT listeners as URLs with their real ports, in the order of the configuration. */
  get mqtt(): readonly string[] {
    return this.#standing.filter(({ role }) => role === "mqtt").map(({ listener }) => listener.url);
  }

  /** `https://localhost:18084`, with the real port; undefined without a console. */
  get consoleOrigin(): string | undefined {
    return this.#originOf("console");
  }

  /** `http://127.0.0.1:18085`, with the real port; undefined without an admin listener. */
  get adminOrigin(): string | undefined {
    return this.#originOf("admin");
  }

  /** Each listener with its counters, for the metrics. */
  all(): readonly Listener[] {
    return this.#standing.map(({ listener }) => listener);
  }

  /**
   * Opens what is new, or nothing of it.
   *
   * @throws MqttError PORT_IN_USE, PORT_FORBIDDEN, LISTEN_FAILED, CONFIG_INVALID
   */
  async stage(plan: ListenPlan, config: BrokerConfig, tenants: TenantTable | undefined): Promise<Staged> {
    const limits = withinOpenFiles(config.limits, await maximumOpenFiles());
    const free = [...this.#standing];
    const changes: (() => void)[] = [];
    const wanted = plan.planned.map(({ role, url, config: own }): Wanted => {
      const options = this.#listenerOptions(role, url, own, config, tenants);
      const address = addressOf(url);
      return { role, address, options, listener: take(free, address)?.listener };
    });
    const opening = new Opening(free);
    const next: Standing[] = [];
    try {
      for (const { listener, options } of wanted) if (listener !== undefined) changes.push(() => listener.reconfigure(options));
      // Those last that may have to take a port from another: the less can fail after it, the better.
      for (const one of wanted.filter((each) => each.listener === undefined).sort(opening.byConflict))
        one.listener = await opening.open(one.role, one.options).catch((error: unknown) => {
          throw asOwnConflict(one, wanted, error);
        });
      for (const { role, address, listener } of wanted) next.push({ role, address, listener: listener! });
    } catch (error) {
      await opening.undo(this.#options.logger);
      throw error;
    }
    const commit = (): void => {
      this.#limiter.limits = limits;
      for (const change of changes) change();
      this.#standing = next;
      // Their connections go on, and the last one of them ends the listener.
      for (const { listener } of free) listener.stopAccepting();
    };
    return { commit, undo: () => opening.undo(this.#options.logger) };
  }

  /** Lets no more clients in; console and admin listener go on. */
  stopAcceptingClients(): void {
    for (const { role, listener } of this.#standing) if (role === "mqtt") listener.stopAccepting();
  }

  stopAccepting(): void {
    for (const { listener } of this.#standing) listener.stopAccepting();
  }

  async close(): Promise<void> {
    await closeAll(this.all());
  }

  #originOf(wanted: Role): string | undefined {
    const found = this.#standing.find(({ role }) => role === wanted);
    return found?.listener.url.replace(/^ws(s?):\/\/([^/?]+).*$/, "http$1://$2");
  }

  #listenerOptions(
    role: Role,
    url: ListenUrl,
    own: ListenerConfig,
    config: BrokerConfig,
    tenants: TenantTable | undefined,
  ): ListenerOptions {
    const isProxied = own.proxyProtocol ?? config.proxyProtocol;
    const proxies = own.trustedProxies ?? config.trustedProxies;
    const { accept, consoleHandler, adminHandler, names, isBanned, pageTenant } = this.#options;
    return {
      url,
      accept,
      requireSni: own.requireSni ?? config.tls.requireSni,
      maxMessageBytes: config.limits.maximumPacketSize + FRAMING_SLACK,
      maxStrangerBytes: config.limits.maximumConnectSize + FRAMING_SLACK,
      ...(tenants === undefined ? {} : { tenants }),
      ...(isProxied ? { trustedProxies: trustedProxies(proxies) } : {}),
      ...(own.forwardedFor === true ? { forwardedBy: trustedProxies(proxies) } : {}),
      ...(own.forwardedHost === true || own.forwardedCertificate !== undefined ? { headersBy: trustedProxies(proxies) } : {}),
      ...(own.forwardedHost === true ? { forwardedHost: true } : {}),
      ...(own.forwardedCertificate === undefined ? {} : { certificateHeader: own.forwardedCertificate }),
      tenantOfName: (name) => names.tenantOf(name),
      // An operator whose own address is banned must be able to lift that.
      ...(role === "mqtt" ? { isBanned } : {}),
      ...(own.anyProtocol === true ? anyProtocol(url, config) : {}),
      ...(own.allowedOrigins === undefined ? {} : { allowedOrigins: own.allowedOrigins }),
      ...(role === "console" ? { requestHandler: consoleHandler, pageTenant } : {}),
      // Whoever looks at a flood from inside must get in.
      ...(role === "admin" ? {} : { limiter: this.#limiter }),
      ...(role === "admin" ? { requestHandler: adminHandler, hasWebSocket: false } : {}),
      onEvent: (event) => this.#log.note(event),
    };
  }
}

/** One that a configuration asks for, and what stands there already. */
interface Wanted {
  readonly role: Role;
  readonly address: string;
  readonly options: ListenerOptions;
  listener: Listener | undefined;
}

/**
 * Opens new listeners, so that it can be undone. A system lets nobody listen at one address of a port while somebody listens at all of
 * them, or the other way round: there the old listener, which the new configuration has no more, gives its port up first, for as
 * long as it takes to open the new one.
 */
class Opening {
  readonly #leaving: readonly Standing[];
  readonly #opened: Listener[] = [];
  readonly #released: Listener[] = [];

  constructor(leaving: readonly Standing[]) {
    this.#leaving = leaving;
  }

  readonly byConflict = (a: Wanted, b: Wanted): number =>
    this.#inTheWay(a.options.url).length - this.#inTheWay(b.options.url).length;

  async open(role: Role, options: ListenerOptions): Promise<Listener> {
    const inTheWay = this.#inTheWay(options.url);
    const opened = await open(role, options).catch((error: unknown) => {
      if (inTheWay.length === 0 || !MqttError.is(error) || error.code !== "PORT_IN_USE") throw error;
      for (const listener of inTheWay) listener.releasePort();
      this.#released.push(...inTheWay);
      return open(role, options);
    });
    this.#opened.push(opened);
    return opened;
  }

  async undo(logger: Logger): Promise<void> {
    await closeAll(this.#opened);
    for (const listener of this.#released) {
      await listener.takePort().catch((error: unknown) => {
        logger.error({ error, listener: listener.url }, "a listener lost its port to another program during a reload that failed");
      });
    }
  }

  #inTheWay(url: ListenUrl): Listener[] {
    if (url.kind === "unix" || url.port === 0) return [];
    return this.#leaving.map(({ listener }) => listener).filter(({ port }) => port === url.port && !this.#isReleased(port));
  }

  #isReleased(port: number): boolean {
    return this.#released.some((listener) => listener.port === port);
  }
}

/** Nobody listed the console's address as a listener, so that its URL as one would say nothing to whoever reads the error. */
async function open(role: Role, options: ListenerOptions): Promise<Listener> {
  return openListener(options).catch((error: unknown) => {
    throw asOfRole(role, options.url, error);
  });
}

function asOfRole(role: Role, url: ListenUrl, error: unknown): unknown {
  if (role === "mqtt" || url.kind === "unix" || !(error instanceof MqttError) || error.code !== "PORT_IN_USE") return error;
  return new MqttError(error.code, {
    detail: `another program listens on port ${url.port} of the ${ROLE_NAMES[role]}`,
    cause: error.cause,
  });
}

/** Two listeners of one configuration at one place: to look for another program would be in vain. */
function asOwnConflict(one: Wanted, wanted: readonly Wanted[], error: unknown): unknown {
  const other = wanted.find(({ listener, options }) => listener !== undefined && isSamePlace(options.url, one.options.url));
  if (other === undefined || !MqttError.is(error) || error.code !== "PORT_IN_USE") return error;
  const detail = `${nameOf(one)} and ${nameOf(other)} of this configuration are at the same place`;
  return new MqttError(error.code, { detail, cause: error.cause });
}

function nameOf({ role, options }: Wanted): string {
  return role === "mqtt" ? formatListenUrl(options.url) : `the ${ROLE_NAMES[role]}`;
}

function isSamePlace(one: ListenUrl, other: ListenUrl): boolean {
  if (one.kind === "unix" || other.kind === "unix") return addressOf(one) === addressOf(other);
  return one.port !== 0 && one.port === other.port;
}

/**
 * Takes each port for a moment, before anything is made for it.
 *
 * @throws MqttError PORT_IN_USE, PORT_FORBIDDEN, LISTEN_FAILED
 */
export async function tryPorts({ planned }: ListenPlan): Promise<void> {
  for (const { role, url } of planned) {
    if (url.kind === "unix" || url.port === 0) continue;
    const { servers } = await bind(url, (socket) => socket.destroy()).catch((error: unknown) => {
      throw asOfRole(role, url, error);
    });
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

function anyProtocol(
  url: ListenUrl,
  { allowPlaintext }: BrokerConfig,
): Pick<ListenerOptions, "takesAnyProtocol" | "takesPlaintext"> {
  return { takesAnyProtocol: true, takesPlaintext: allowPlaintext || (url.kind === "tcp" && isLoopbackHost(url.host)) };
}

/** The first that stands there, which is then not free any more. */
function take(free: Standing[], address: string): Standing | undefined {
  const index = free.findIndex((standing) => standing.address === address);
  return index < 0 ? undefined : free.splice(index, 1)[0];
}

/** What is bound, whatever is spoken there. */
function addressOf(url: ListenUrl): string {
  return url.kind === "unix" ? `unix:${url.socketPath}` : `${url.host}:${url.port}`;
}

async function closeAll(listeners: readonly Listener[]): Promise<void> {
  await Promise.all(listeners.map((listener) => listener.close({ graceMs: CLOSE_GRACE_MS })));
}
