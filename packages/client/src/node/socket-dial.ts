import * as net from "node:net";
import * as tls from "node:tls";
import type { Target, TransportFacts } from "../transport/transport.ts";
import { certificateFacts } from "./certificate-facts.ts";
import { openHttpTunnel, type TunnelAnswer } from "./http-tunnel.ts";
import { parseProxy, type Proxy } from "./proxy-url.ts";
import { openSocksTunnel } from "./socks-tunnel.ts";
import { netOptions, tuneSocket } from "./socket-options.ts";
import { offeredTls, securedTls, serverNameOf, tlsConnectOptions } from "./tls-options.ts";
import { warnOfCertificate, warnOfMissingName } from "./warnings.ts";

/** Who hears of a dial. */
export interface DialOwner {
  /** The stream stands: TCP or a Unix domain socket, a proxy's tunnel, TLS. At most once. */
  opened(socket: net.Socket): void;
  /** The socket is closed. Exactly once, and not before the constructor returned. */
  closed(cause: Error | undefined): void;
}

/**
 * Opens the byte stream under MQTT and under WebSockets, and keeps the facts of it: name, address, proxy, TLS. Each stage has a socket
 * of its own, of which the outermost ends the others.
 */
export class SocketDial {
  /** The outermost socket of the stage that was reached. */
  socket: net.Socket | undefined;
  private readonly target: Target;
  private readonly facts: TransportFacts;
  private readonly owner: DialOwner;
  private readonly isSecure: boolean;
  private tlsOptions: tls.ConnectionOptions = {};
  private cause: Error | undefined;
  isClosed = false;

  constructor(target: Target, facts: TransportFacts, owner: DialOwner) {
    this.target = target;
    this.facts = facts;
    this.owner = owner;
    this.isSecure = target.scheme === "mqtts" || target.scheme === "wss";
    try {
      this.begin();
    } catch (error) {
      // Unusable TLS material and bad ports throw at once; they are told like every other failure.
      queueMicrotask(() => this.finish(error as Error));
    }
  }

  destroy(): void {
    this.socket?.destroy();
  }

  private begin(): void {
    const { target, facts } = this;
    if (this.isSecure) {
      facts.tls = { serverName: serverNameOf(target) ?? false, ...offeredTls(target) };
      warnOfMissingName(target);
      // Unusable keys and certificates are found before anything is dialled.
      this.tlsOptions = withContext({ ...tlsConnectOptions(target), ...target.hostOptions });
    }
    if (target.scheme === "unix") this.dialPath();
    else if (target.proxy === undefined) this.dialServer();
    else this.dialProxy(parseProxy(target.proxy));
  }

  private dialPath(): void {
    const socket = this.hold(net.connect({ path: this.target.path }));
    socket.once("connect", () => this.connected(socket));
  }

  private dialServer(): void {
    const { target, facts } = this;
    const { host, port } = target;
    if (net.isIP(host) !== 0) facts.milestone = "resolved";
    if (hasProxyEnvironment()) facts.hasProxyEnvironment = true;
    const socket = this.hold(net.connect({ ...netOptions(target, host), host, port }));
    socket.on("lookup", (error, address) => {
      if (error !== null) return;
      facts.milestone = "resolved";
      facts.dns = { addresses: [...(facts.dns?.addresses ?? []), address] };
    });
    socket.once("connect", () => this.connected(socket));
  }

  private dialProxy(proxy: Proxy): void {
    const { target, facts } = this;
    const { kind, host, port } = proxy;
    facts.proxy = { kind, host, port, progress: "dialling" };
    const to = { ...netOptions(target, host), host, port };
    const isSecure = kind === "https";
    const socket = isSecure ? tls.connect({ ...to, ...tlsConnectOptions({ host, tls: proxy.tls }) }) : net.connect(to);
    this.hold(socket).once(isSecure ? "secureConnect" : "connect", () => {
      facts.proxy = { kind, host, port, progress: "connected" };
      const { lookup } = netOptions(target, target.host);
      const answered = (answer: TunnelAnswer): void => this.tunnelled(socket, answer);
      if (kind === "http" || isSecure) openHttpTunnel(proxy, socket, target, answered);
      else void openSocksTunnel(proxy, socket, target, lookup).then(answered);
    });
  }

  private tunnelled(socket: net.Socket, { cause, facts: said }: TunnelAnswer): void {
    const { facts } = this;
    if (facts.proxy === undefined || this.isClosed) return;
    if (cause !== undefined || said !== undefined) {
      facts.proxy = { ...facts.proxy, ...said };
      this.cause ??= cause;
      socket.destroy();
      return;
    }
    facts.proxy = { ...facts.proxy, progress: "through" };
    this.connected(socket);
  }

  /** The way to the server is open. */
  private connected(socket: net.Socket): void {
    this.facts.milestone = "connected";
    if (this.isSecure) this.secure(socket);
    else this.through();
  }

  private secure(inner: net.Socket): void {
    const { facts, target } = this;
    const bytesBefore = inner.bytesRead;
    const socket = this.hold(tls.connect({ ...this.tlsOptions, host: target.host, path: undefined, socket: inner }));
    // Before Node itself looks at the certificate: once it has refused it, the handshake's facts are gone.
    socket.prependOnceListener("secure", () => {
      facts.tls = { ...facts.tls, ...certificateFacts(socket, target) };
    });
    socket.once("error", () => {
      if (facts.milestone === "connected") facts.tls = { ...facts.tls, wasAnswered: inner.bytesRead > bytesBefore };
    });
    socket.once("secureConnect", () => {
      facts.milestone = "secured";
      facts.tls = { ...facts.tls, ...securedTls(socket) };
      warnOfCertificate(target, facts.tls);
      this.through();
    });
  }

  /** Takes a socket as the outermost one; what was it before ends with it. */
  private hold<Held extends net.Socket>(socket: Held): Held {
    const inner = this.socket;
    this.socket = socket;
    socket.on("error", (error: Error) => {
      this.cause ??= error;
    });
    socket.on("close", () => {
      if (this.socket !== socket) return;
      inner?.destroy();
      this.finish(this.cause);
    });
    return socket;
  }

  private through(): void {
    const { socket } = this;
    if (socket === undefined || this.isClosed) return;
    tuneSocket(socket, this.target);
    this.owner.opened(socket);
  }

  private finish(cause: Error | undefined): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.owner.closed(cause);
  }
}

function withContext(options: tls.ConnectionOptions): tls.ConnectionOptions {
  return { ...options, secureContext: options.secureContext ?? tls.createSecureContext(options) };
}

/** Whether programs of this machine are told to use a proxy, which explains a network that lets nothing else out. */
function hasProxyEnvironment(): boolean {
  return ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"].some((name) => process.env[name] ?? process.env[name.toLowerCase()]);
}
