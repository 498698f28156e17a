import type { BlockList, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { MqttError } from "@bowline/protocol";
import { isAddress, isMachineName, type TenantDirectory } from "../tls/tenant-directory.ts";
import type { HandshakeOwner, InnerProtocol, TenantTls } from "../tls/tenant-tls.ts";
import type { ClientIdentity } from "./arrival.ts";
import { type ClientHello, ClientHelloReader } from "./client-hello.ts";
import { classifyFirstBytes, type FirstBytes } from "./first-bytes.ts";
import type { ConnectionLimiter, LimitCause } from "./connection-limiter.ts";
import type { FrontCause, FrontCounters, FrontEvent } from "./front-event.ts";
import { handshakeReason } from "./handshake-reason.ts";
import { LIMIT_TEXTS, portSpeaks } from "./front-texts.ts";
import { readInnerFirstBytes } from "./inner-first-bytes.ts";
import { includesAddress, plainAddress } from "./loopback.ts";
import { parseProxyHeader, type ProxyHeader } from "./proxy-protocol.ts";
import { type OnRead, useSharedReadBuffer } from "./shared-read-buffer.ts";
import { closeWith, httpAnswer, TLS_ALERTS, tlsAlert } from "./refusals.ts";
import { channelOf } from "./socket-channel.ts";

/**
 * The front of a listener owns the first bytes of every socket, in this order: limits per address, PROXY header, what protocol it is, the
 * TLS ClientHello, the tenant, hand-over. It decides before any of the bytes reach a protocol library, puts them back with `unshift`, and
 * forgets the socket but for its close. Node's own SNICallback could not do this: it can send no alert and is not asked without a name.
 *
 * Each connection lives here for at most `firstBytesTimeoutMs`, and then in the TLS handshake for at most the tenant's time limit.
 */
export interface FrontOptions {
  /** What the port is for, inside TLS where there is TLS; `any` looks at each connection. */
  readonly innerProtocol: InnerProtocol | "any";
  /** Needed where there is TLS. */
  readonly tenants?: TenantDirectory;
  /** Which tenant a host name leads to that a proxy was asked for. Default: the server names of `tenants`. */
  readonly tenantOfName?: (name: string) => string | undefined;
  /** Whether nobody of that address may come to that tenant. Default: everybody may. */
  readonly isBanned?: (tenant: string, address: string) => boolean;
  readonly isTls: boolean;
  /** Whether a port with TLS takes connections without it too. Default false. */
  readonly takesPlaintext?: boolean;
  /** Whether a port for HTTP is one for MQTT over WebSocket as well. Default true; the admin listener is not. */
  readonly hasWebSocket?: boolean;
  /** Owner of what names no tenant. */
  readonly tenant: string;
  /** Refuses TLS clients that send no name, or an address as name. Default false. */
  readonly requireSni?: boolean;
  /** Peers that must begin with a PROXY header; nobody else may. Default nobody. */
  readonly trustedProxies?: BlockList;
  /** Shared by all listeners that count together. Default no limits. */
  readonly limiter?: ConnectionLimiter;
  /** Peers that pass on many clients and name them in a header: their connections are counted when it has come, see `enterAs`. */
  readonly forwardedBy?: BlockList;
  /** From accept to the last byte the front needs. Default 5,000. */
  readonly firstBytesTimeoutMs?: number;
  readonly counters: FrontCounters;
  readonly onEvent: (event: FrontEvent) => void;
  /**
   * Its first bytes are `first`, and the socket goes on reading: plain MQTT, where putting them back would cost a fifth of the
   * connection. Without `first` it is paused, and they are in its read buffer.
   */
  readonly handOver: (connection: FrontConnection, socket: Socket, first: Buffer | undefined) => void;
  /** The socket has closed, whatever became of it. */
  readonly onClosed: (connection: FrontConnection) => void;
}

const FIRST_BYTES_TIMEOUT_MS = 5_000;

/** What the front waits for; `settled` when the socket is given away, refused or closed. */
type FrontState =
  | { readonly kind: "proxyHeader" | "firstBytes" | "settled" }
  | { readonly kind: "hello"; readonly reader: ClientHelloReader };
const PROXY_HEADER: FrontState = { kind: "proxyHeader" };
const FIRST_BYTES: FrontState = { kind: "firstBytes" };
const SETTLED: FrontState = { kind: "settled" };

export class FrontConnection implements HandshakeOwner {
  readonly socket: Socket;
  readonly options: FrontOptions;
  remoteAddress: string;
  remotePort: number;
  readonly localPort: number;
  /** Set when the name is known. */
  tenant: string;
  serverName: string | undefined;
  /** What it speaks; on a port that answers everything known when it is handed over. */
  protocol: InnerProtocol;
  proxy: ProxyHeader | undefined;
  /** Whether a protocol has the socket now, after the TLS handshake if there is one. */
  isHandedOver = false;
  /** Made by the first one, and gone with the last: there are many idle connections. */
  #chunks: Buffer[] | undefined;
  #received = 0;
  #bytesNeeded = 1;
  #state: FrontState;
  #deadline: NodeJS.Timeout | undefined;
  #countedAddress: string | undefined;

  /** Starts to read. The socket has no listeners yet. */
  constructor(socket: Socket, localPort: number, options: FrontOptions) {
    this.socket = socket;
    this.options = options;
    this.remoteAddress = plainAddress(socket.remoteAddress ?? "");
    this.remotePort = socket.remotePort ?? 0;
    this.localPort = localPort;
    this.tenant = options.tenant;
    this.protocol = options.innerProtocol === "any" ? "mqtt" : options.innerProtocol;
    const owned = socket as FrontSocket;
    owned[connectionOf] = this;
    owned.on("close", onClose).on("error", onError);
    const isProxied = this.#isFromTrustedProxy();
    this.#state = isProxied ? PROXY_HEADER : FIRST_BYTES;
    if (this.#hasLostItsAddress()) {
      this.#refuse("closedEarly", "it closed before it was accepted");
      return;
    }
    // Behind a proxy all connections share its address: the limit waits for the client's.
    if (!isProxied && !this.#enter()) return;
    this.#deadline = setTimeout(onDeadline, options.firstBytesTimeoutMs ?? FIRST_BYTES_TIMEOUT_MS, this);
    // Where nothing is put back no array is made for the first bytes: it would be 64 KiB until it is known how many they are.
    if (options.isTls || options.innerProtocol !== "mqtt" || !useSharedReadBuffer(socket, onRead as OnRead))
      owned.on("data", onData);
    else owned.resume();
  }

  secured(socket: TLSSocket): void {
    const { innerProtocol, firstBytesTimeoutMs = FIRST_BYTES_TIMEOUT_MS } = this.options;
    if (innerProtocol === "http") this.#handOver(socket);
    else if (typeof socket.alpnProtocol === "string")
      this.#handOverAs(socket.alpnProtocol === "http/1.1" ? "http" : "mqtt", socket);
    else readInnerFirstBytes(socket, firstBytesTimeoutMs, (protocol, first) => this.#takeInner(protocol, socket, first));
  }

  #takeInner(protocol: InnerProtocol | "tls" | "late", socket: TLSSocket, first: Buffer): void {
    if (protocol === "late") this.note("firstBytesTimeout", "the first bytes inside of TLS took too long");
    else if (protocol === "tls") {
      // A proxy that hands the client's TLS on and adds its own.
      this.note("tlsOnPlain", this.#mismatch("TLS inside of TLS"));
      closeWith(socket, this.#wrongPortAnswer());
    } else if (protocol === "mqtt") this.#handOver(socket, first);
    else if (this.options.innerProtocol === "any") {
      socket.pause();
      socket.unshift(first);
      this.#handOverAs("http", socket);
    } else {
      this.note("httpOnMqtt", this.#mismatch("HTTP inside of TLS"));
      closeWith(socket, this.#wrongPortAnswer());
    }
  }

  handshakeFailed(error: Error): void {
    const reason = handshakeReason(error);
    const told = new MqttError("TLS_FAILED", { detail: reason, source: "peer", cause: error });
    this.note("handshakeFailed", `the TLS handshake failed: ${reason}`, told);
  }

  note(cause: FrontCause, message: string, error?: Error): void {
    const { remoteAddress, remotePort, localPort, serverName } = this;
    this.options.counters[cause]++;
    this.options.onEvent({
      cause,
      message,
      remoteAddress,
      remotePort,
      localPort,
      ...(serverName === undefined ? {} : { serverName }),
      ...(error === undefined ? {} : { error }),
    });
  }

  /** @internal */
  received(chunk: Buffer): void {
    if (this.#chunks === undefined) this.#chunks = [chunk];
    else this.#chunks.push(chunk);
    this.#received += chunk.length;
    if (this.#received >= this.#bytesNeeded) this.#step(chunk);
  }

  /** @internal What was read belongs to all connections: what is needed later is copied. */
  receivedShared(chunk: Buffer): void {
    if (this.#state === SETTLED) return;
    this.received(chunk);
    const chunks = this.#chunks;
    if (chunks !== undefined) chunks[chunks.length - 1] = Buffer.from(chunks.at(-1)!);
  }

  #step(chunk: Buffer): void {
    switch (this.#state.kind) {
      case "proxyHeader":
        this.#readProxyHeader();
        break;
      case "firstBytes":
        this.#readFirstBytes();
        break;
      case "hello":
        this.#readHello(this.#state.reader, chunk);
        break;
      case "settled":
        break;
    }
  }

  /** @internal */
  timedOut(): void {
    const came = this.#received === 0 ? "it sent nothing" : `only ${this.#received} bytes came`;
    this.#refuse("firstBytesTimeout", `the first bytes took too long: ${came}`);
  }

  /** @internal */
  closed(): void {
    if (this.#countedAddress !== undefined) this.options.limiter?.leave(this.#countedAddress);
    if (this.#state !== SETTLED) {
      this.#settle();
      this.note("closedEarly", this.#received === 0 ? "it closed without sending anything" : "it closed within its first bytes");
    }
    this.options.onClosed(this);
  }

  /** Counts the connection of a forwarder as one of the client it names; false when that client may have no more. */
  enterAs(address: string): boolean {
    const refused = this.#count(address);
    if (refused !== undefined) this.note(refused, LIMIT_TEXTS[refused]);
    return refused === undefined;
  }

  /** The host name that the client asked for, as its ClientHello or a PROXY header tells it: certificate and tenant were chosen by it. */
  get askedName(): string | undefined {
    return this.serverName ?? this.proxy?.authority;
  }

  /** Whether a host name leads to this connection's tenant; an address leads to no tenant of its own and to every one. */
  isOwnName(name: string): boolean {
    return isAddress(name) || this.tenantNamed(name) === this.tenant;
  }

  /** The tenant of a host name; undefined when it is nobody's. No name, an address and the machine's own mean the listener's. */
  tenantNamed(name: string | undefined): string | undefined {
    const { tenants, tenantOfName, tenant } = this.options;
    if (name === undefined || isAddress(name) || isMachineName(name)) return tenant;
    return tenantOfName === undefined ? tenants?.byServerName(name)?.tenant : tenantOfName(name);
  }

  /**
   * A proxy verifies its clients for the listener's own tenant: the authorities that it asks are that one's. For any other tenant its word
   * would let clients of one in at the next, so that there a client is nobody by it.
   */
  believed(told: ClientIdentity): ClientIdentity {
    if (this.tenant === this.options.tenant || Object.keys(told).length === 0) return told;
    this.options.counters.identitiesIgnored++;
    return {};
  }

  /**
   * A peer that has reset its connection has no address any more, while what it sent can still be read: it would pass for a unix socket,
   * which is trusted like a proxy, counted for nobody and never banned.
   */
  #hasLostItsAddress(): boolean {
    return this.remoteAddress === "" && this.localPort !== 0;
  }

  #isFromTrustedProxy(): boolean {
    const { trustedProxies } = this.options;
    if (trustedProxies === undefined) return false;
    // A unix socket has no address; whoever may open it is this machine's proxy.
    return this.remoteAddress === "" || includesAddress(trustedProxies, this.remoteAddress);
  }

  #enter(): boolean {
    if (this.#isForwarder()) return true;
    const refused = this.#count(this.remoteAddress);
    // Without a word: an answer would cost more than the connection did.
    if (refused !== undefined) this.#refuse(refused, LIMIT_TEXTS[refused]);
    return refused === undefined;
  }

  /** After a PROXY header the peer is the client itself. */
  #isForwarder(): boolean {
    const { forwardedBy } = this.options;
    return forwardedBy !== undefined && this.proxy === undefined && includesAddress(forwardedBy, this.remoteAddress);
  }

  #count(address: string): LimitCause | undefined {
    const { limiter } = this.options;
    // A unix socket has no address; its permissions are its limit.
    if (limiter === undefined || address === "" || this.#countedAddress !== undefined) return undefined;
    const refused = limiter.enter(address);
    if (refused === undefined) this.#countedAddress = address;
    return refused;
  }

  #mayShakeHands(): boolean {
    if (this.remoteAddress === "" || this.#isForwarder()) return true;
    const refused = this.options.limiter?.handshake(this.remoteAddress);
    if (refused !== undefined) this.#refuse(refused, LIMIT_TEXTS[refused]);
    return refused === undefined;
  }

  #readProxyHeader(): void {
    const bytes = this.#joined();
    const result = parseProxyHeader(bytes);
    if (result.kind === "more") {
      this.#bytesNeeded = result.bytesNeeded;
    } else if (result.kind === "malformed") {
      this.#refuse("proxyHeaderInvalid", `the proxy's header is not valid: ${result.reason}`);
    } else {
      this.#applyProxyHeader(result.header, bytes.subarray(result.length));
    }
  }

  #applyProxyHeader(header: ProxyHeader, rest: Buffer): void {
    this.proxy = header;
    if (header.sourceAddress !== undefined) {
      this.remoteAddress = plainAddress(header.sourceAddress);
      this.remotePort = header.sourcePort ?? 0;
    }
    this.#state = FIRST_BYTES;
    this.#bytesNeeded = 1;
    this.#received = 0;
    this.#chunks = undefined;
    if (this.#enter() && rest.length > 0) this.received(rest);
  }

  #readFirstBytes(): void {
    const bytes = this.#joined();
    const kind = classifyFirstBytes(bytes);
    if (kind === "more") return;
    const { isTls, innerProtocol, takesPlaintext = false } = this.options;
    if (isTls && kind === "tls") this.#startHello(bytes);
    else if (isTls && !takesPlaintext) this.#refuseOnTls(kind);
    // A text, which every TLS client takes for what it is: the answer of a port without TLS.
    else if (kind === "tls") this.#refuse("tlsOnPlain", this.#mismatch("TLS"), this.#wrongPortAnswer());
    else if (kind === "proxy") this.#refuseProxyHeader();
    else if (innerProtocol === "any") this.#takeAny(kind);
    else if (innerProtocol === "mqtt") this.#takeOnMqtt(kind);
    else if (kind === "http") this.#handOverPlain();
    else this.#refuseOnHttp(kind);
  }

  #takeOnMqtt(kind: FirstBytes): void {
    if (kind === "http") this.#refuse("httpOnMqtt", this.#mismatch("HTTP"), this.#wrongPortAnswer());
    else if (kind === "ssh") this.#refuseOther(kind);
    // All else may be MQTT, if only a wrong packet to begin with: the engine knows how to answer.
    else this.#handOverPlain();
  }

  #takeAny(kind: FirstBytes): void {
    this.protocol = kind === "http" ? "http" : "mqtt";
    if (kind === "ssh") this.#refuseOther(kind);
    else this.#handOverPlain();
  }

  #refuseOnTls(kind: FirstBytes): void {
    // A plain MQTT client that knows TLS records can tell its user what the port speaks.
    if (kind === "mqtt") this.#refuse("mqttOnTls", this.#mismatch("plain MQTT"), tlsAlert(TLS_ALERTS.unexpectedMessage));
    else if (kind === "http") this.#refuse("httpOnTls", this.#mismatch("plain HTTP"), this.#wrongPortAnswer());
    else if (kind === "proxy") this.#refuseProxyHeader();
    else this.#refuseOther(kind);
  }

  #refuseOnHttp(kind: FirstBytes): void {
    if (kind === "mqtt") this.#refuse("mqttOnHttp", this.#mismatch("MQTT without WebSocket"), this.#wrongPortAnswer());
    else this.#refuseOther(kind);
  }

  /** In a text: whoever came by mistake may show it to somebody. */
  #refuseOther(kind: FirstBytes): void {
    this.#refuse("otherProtocol", this.#mismatch(kind === "ssh" ? "SSH" : "something else"), this.#wrongPortAnswer());
  }

  #refuseProxyHeader(): void {
    this.#refuse("proxyHeaderUnexpected", "it sent a PROXY header, but is no trusted proxy of this listener");
  }

  /** In words for whoever came with something else. */
  get portSpeaks(): string {
    const { isTls, innerProtocol, hasWebSocket = true } = this.options;
    return portSpeaks(isTls, hasWebSocket ? innerProtocol : "admin");
  }

  #mismatch(came: string): string {
    return `${this.portSpeaks}, and the peer began with ${came}`;
  }

  #wrongPortAnswer(): Buffer {
    return httpAnswer("400 Bad Request", `T${this.portSpeaks.slice(1)}.`);
  }

  #startHello(bytes: Buffer): void {
    this.#state = { kind: "hello", reader: new ClientHelloReader() };
    this.#step(bytes);
  }

  #readHello(reader: ClientHelloReader, chunk: Buffer): void {
    const result = reader.push(chunk);
    if (result.kind === "hello") this.#chooseTenant(result.hello);
    else if (result.kind === "tooLong")
      this.#refuse("helloTooLong", "the TLS ClientHello is too long", tlsAlert(TLS_ALERTS.decodeError));
    else if (result.kind === "malformed") {
      this.#refuse("helloMalformed", `the TLS ClientHello is not valid: ${result.reason}`, tlsAlert(TLS_ALERTS.decodeError));
    }
  }

  #chooseTenant(hello: ClientHello): void {
    this.serverName = hello.serverName;
    const name = this.askedName;
    const isNameless = name === undefined || isAddress(name);
    if (isNameless && this.options.requireSni === true) {
      this.#refuse("serverNameMissing", "the client sent no server name", tlsAlert(TLS_ALERTS.unrecognizedName));
      return;
    }
    const tenant = this.#tenantOf(name);
    if (tenant === undefined) {
      this.#refuse("serverNameUnknown", `no tenant has the server name ${name}`, tlsAlert(TLS_ALERTS.unrecognizedName));
    } else if (this.#mayCome(tenant.tenant) && this.#mayShakeHands()) {
      this.tenant = tenant.tenant;
      this.#giveAway();
      tenant.take(this.socket, this.options.innerProtocol, this);
    }
  }

  /** Before the work of a handshake; a client without TLS costs none, and is answered with a Reason Code. */
  #mayCome(tenant: string): boolean {
    const { isBanned } = this.options;
    if (isBanned === undefined || this.#isForwarder() || !isBanned(tenant, this.remoteAddress)) return true;
    this.#refuse("addressBanned", "its address is banned", tlsAlert(TLS_ALERTS.accessDenied));
    return false;
  }

  #tenantOf(name: string | undefined): TenantTls | undefined {
    const { tenants, tenant } = this.options;
    if (tenants === undefined) return undefined;
    if (name === undefined || isAddress(name) || isMachineName(name)) return tenants.byTenant(tenant);
    return tenants.byServerName(name);
  }

  #handOverPlain(): void {
    const { authority } = this.proxy ?? {};
    const { tenants, tenantOfName } = this.options;
    if (authority !== undefined && (tenants !== undefined || tenantOfName !== undefined)) {
      const tenant = this.tenantNamed(authority);
      if (tenant === undefined) {
        this.#refuse("proxyNameUnknown", `no tenant has the name ${authority}, which the proxy was asked for`);
        return;
      }
      this.tenant = tenant;
    }
    if (this.protocol === "http") {
      this.#giveAway();
      this.#handOver(this.socket);
      return;
    }
    const bytes = this.#joined();
    this.#settle();
    this.#handOver(this.socket, bytes);
  }

  #handOverAs(protocol: InnerProtocol, socket: Socket): void {
    this.protocol = protocol;
    this.#handOver(socket);
  }

  #handOver(socket: Socket, first?: Buffer): void {
    this.isHandedOver = true;
    this.options.handOver(this, socket, first);
  }

  /** Puts what was read back, so that the next owner sees the connection from its first byte. */
  #giveAway(): void {
    const bytes = this.#joined();
    this.#settle();
    this.socket.pause();
    this.socket.unshift(bytes);
  }

  #refuse(cause: FrontCause, message: string, answer?: Uint8Array): void {
    this.#settle();
    this.note(cause, message);
    if (answer === undefined) this.socket.destroy();
    else closeWith(this.socket, answer);
  }

  #settle(): void {
    this.#state = SETTLED;
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
    this.#chunks = undefined;
    this.socket.removeListener("data", onData as () => void);
  }

  #joined(): Buffer {
    const { 0: first = Buffer.alloc(0), length } = this.#chunks ?? [];
    if (length < 2) return first;
    const joined = Buffer.concat(this.#chunks!);
    this.#chunks = [joined];
    return joined;
  }
}

const connectionOf = Symbol("frontConnection");
type FrontSocket = Socket & { [connectionOf]: FrontConnection };

function onRead(this: FrontSocket, length: number, buffer: Buffer): boolean {
  this[connectionOf].receivedShared(buffer.subarray(0, length));
  return true;
}

function onData(this: FrontSocket, chunk: Buffer): void {
  this[connectionOf].received(chunk);
}

/** A channel over this socket has no listeners of its own for these: two lists for each connection would be more than they are worth. */
function onClose(this: FrontSocket): void {
  this[connectionOf].closed();
  channelOf(this)?.closed();
}

/** Errors close the socket, and the close is what is told. */
function onError(this: FrontSocket, cause: Error): void {
  channelOf(this)?.failed(cause);
}

function onDeadline(connection: FrontConnection): void {
  connection.timedOut();
}
