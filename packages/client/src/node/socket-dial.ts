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
    }
    if (target.scheme === "unix") this.hold(net.connect({ path: target.path })).once("connect", () => this.through());
    else if (target.proxy === undefined) this.dialServer();
    else this.dialProxy(parseProxy(target.proxy));
  }

  private dialServer(): void {
    const { target, facts } = this;
    const { host, port } = target;
    if (net.isIP(host) !== 0) facts.milestone = "resolved";
    const to = { ...netOptions(target), host, port };
    if (this.isSecure)
      this.secureWith(tls.connect({ ...to, ...tlsConnectOptions(target), ...target.hostOptions, host, port, path: undefined }));
    else this.hold(net.connect(to)).once("connect", () => this.through());
    this.socket?.on("lookup", (error, address) => {
      if (error !== null) return;
      facts.milestone = "resolved";
      facts.dns = { addresses: [...(facts.dns?.addresses ?? []), address] };
    });
  }

  private dialProxy(proxy: Proxy): void {
    const { target, facts } = this;
    const { kind, host, port } = proxy;
    facts.proxy = { kind, host, port, progress: "dialling" };
    const to = { ...netOptions(target), host, port };
    const isSecure = kind === "https";
    const socket = isSecure ? tls.connect({ ...to, ...tlsConnectOptions({ host, tls: proxy.tls }) }) : net.connect(to);
    this.hold(socket).once(isSecure ? "secureConnect" : "connect", () => {
      facts.proxy = { kind, host, port, progress: "connected" };
      const { lookup } = netOptions(target);
      const answered = (answer: TunnelAnswer): void => this.tunnelled(socket, answer);
      if (kind === "http" || isSecure) openHttpTunnel(proxy, socket, target, answered);
      else openSocksTunnel(proxy, socket, target, lookup, answered);
    });
  }

  private tunnelled(socket: net.Socket, { cause, facts: said }: TunnelAnswer): void {
    const { facts, target } = this;
    if (facts.proxy === undefined || this.isClosed) return;
    if (cause !== undefined || said !== undefined) {
      facts.proxy = { ...facts.proxy, ...said };
      this.cause ??= cause;
      socket.destroy();
      return;
    }
    facts.proxy = { ...facts.proxy, progress: "through" };
    if (!this.isSecure) {
      this.through();
      return;
    }
    facts.milestone = "connected";
    try {
      this.secureWith(
        tls.connect({ ...tlsConnectOptions(target), ...target.hostOptions, host: target.host, path: undefined, socket }),
      );
    } catch (error) {
      this.cause ??= error as Error;
      socket.destroy();
    }
  }

  private secureWith(socket: tls.TLSSocket): void {
    const { facts, target } = this;
    this.hold(socket);
    socket.once("connect", () => {
      facts.milestone = "connected";
    });
    // Before Node itself looks at the certificate: once it has refused it, the handshake's facts are gone.
    socket.prependOnceListener("secure", () => {
      facts.tls = { ...facts.tls, ...certificateFacts(socket, target) };
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
    const { socket, facts } = this;
    if (socket === undefined || this.isClosed) return;
    if (!this.isSecure) facts.milestone = "connected";
    tuneSocket(socket, this.target);
    this.owner.opened(socket);
  }

  private finish(cause: Error | undefined): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.owner.closed(cause);
  }
}
