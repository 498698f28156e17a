import { constants, randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { createServer, type SecureContextOptions, type Server, type TlsOptions, type TLSSocket } from "node:tls";
import { handshakePace } from "./handshake-pace.ts";
import type { CertificateMaterial } from "./certificate-files.ts";
import type { NamedCertificate } from "./local-ca.ts";

/** What a connection speaks inside TLS. */
export type InnerProtocol = "mqtt" | "http";

/** Whoever handed a socket over for the handshake, and gets its outcome: exactly one of the two calls. */
export interface HandshakeOwner {
  secured(socket: TLSSocket): void;
  /** The socket is closed already, or about to be. */
  handshakeFailed(cause: Error): void;
}

/** What may change while connections are open. */
export interface TenantTlsSettings {
  readonly material: CertificateMaterial;
  /** Shown in place of `material` to those who ask for one of its names. */
  readonly named?: NamedCertificate;
  /** PEM of the authorities whose client certificates the tenant accepts. Without it none is asked for. */
  readonly clientCa?: string;
  /** Revocation lists, of each authority one, each a PEM of its own: of several in one text Node reads the first alone. */
  readonly crl?: readonly string[];
  /** Refuses clients without an accepted certificate. Default false: they arrive as not authorized. */
  readonly requiresClientCertificate?: boolean;
  /** What clients may offer by ALPN on the MQTT side, first choice first. Default `mqtt` alone; AWS clients offer `x-amzn-mqtt-ca`. */
  readonly alpnProtocols?: readonly string[];
}

export interface TenantTlsOptions extends TenantTlsSettings {
  readonly tenant: string;
  /** From hand-over to the end of the handshake. Default 10,000. */
  readonly handshakeTimeoutMs?: number;
}

/**
 * The TLS side of one tenant. A tenant has servers of its own, which never listen but are given sockets, since a session ticket that one
 * server issued can be resumed at the same server under any name: with one server for all, it would carry the client certificate of one
 * tenant into another. Ticket keys and the session context are therefore random and never leave this object.
 */
export class TenantTls {
  readonly tenant: string;
  readonly #handshakeTimeoutMs: number;
  #settings: TenantTlsSettings;
  #resumption: Resumption = newResumption();
  #servers: Servers;

  constructor({ tenant, handshakeTimeoutMs = 10_000, ...settings }: TenantTlsOptions) {
    this.tenant = tenant;
    this.#handshakeTimeoutMs = handshakeTimeoutMs;
    this.#settings = settings;
    this.#servers = this.#open(settings, this.#resumption);
  }

  /** The certificate that is shown now. */
  get material(): CertificateMaterial {
    return this.#settings.material;
  }

  /** Starts the handshake on a socket that is paused and whose first bytes were put back with `unshift`; in its turn, where many come. */
  take(socket: Socket, protocol: InnerProtocol | "any", owner: HandshakeOwner): void {
    (socket as OwnedSocket)[ownerOf] = owner;
    const isTaken = handshakePace.begin(() => {
      if (socket.destroyed) owner.handshakeFailed(new Error("the connection was closed before its turn"));
      else this.#servers[protocol].emit("connection", socket);
    });
    if (isTaken) return;
    socket.destroy();
    owner.handshakeFailed(new Error("too many handshakes wait for their turn"));
  }

  /**
   * New handshakes are as these settings say; connections stay. Tickets do too, unless it is decided otherwise now who is authorized: a
   * resumed session would bring the old answer, that of a certificate which has been revoked since among them.
   *
   * @throws Error of OpenSSL, and then nothing has changed
   */
  replace(settings: TenantTlsSettings): void {
    const old = this.#settings;
    const isSameTrust =
      settings.clientCa === old.clientCa &&
      settings.crl?.join() === old.crl?.join() &&
      settings.requiresClientCertificate === old.requiresClientCertificate;
    const resumption = isSameTrust ? this.#resumption : newResumption();
    this.#servers = this.#open(settings, resumption);
    this.#settings = settings;
    this.#resumption = resumption;
  }

  #open(settings: TenantTlsSettings, resumption: Resumption): Servers {
    const shared: TlsOptions = {
      ...secureSettings(settings, resumption),
      ticketKeys: resumption.ticketKeys,
      handshakeTimeout: this.#handshakeTimeoutMs,
      requestCert: settings.clientCa !== undefined,
      rejectUnauthorized: settings.requiresClientCertificate ?? false,
    };
    const { named, alpnProtocols = ["mqtt"] } = settings;
    const open = (protocols: readonly string[]): Server => {
      const server = tlsServer({ ...shared, ALPNProtocols: [...protocols] });
      if (named === undefined) return server;
      const context = secureSettings({ ...settings, material: named.material }, resumption);
      for (const name of named.names) server.addContext(name, context);
      return server;
    };
    return { mqtt: open(alpnProtocols), http: open(["http/1.1"]), any: open([...alpnProtocols, "http/1.1"]) };
  }
}

/** One for each thing a port can be for, since each offers other protocols by ALPN. */
type Servers = Readonly<Record<InnerProtocol | "any", Server>>;

/** What decides whose sessions can be resumed here. */
interface Resumption {
  readonly ticketKeys: Buffer;
  readonly context: string;
}

function newResumption(): Resumption {
  // Node derives its default context from the command line, the same for all servers of a process.
  return { ticketKeys: randomBytes(48), context: randomBytes(16).toString("hex") };
}

function secureSettings({ material, clientCa, crl }: TenantTlsSettings, { context }: Resumption): SecureContextOptions {
  return {
    cert: material.certificate,
    key: material.privateKey,
    minVersion: "TLSv1.2",
    // A handshake costs us more than the client, and Node only tells of the fourth one on a connection.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    sessionIdContext: context,
    ...(clientCa === undefined ? {} : { ca: clientCa }),
    ...(crl === undefined ? {} : { crl: [...crl] }),
  };
}

function tlsServer(options: TlsOptions): Server {
  return createServer(options)
    .on("secureConnection", (socket) => takeOwner(socket)?.secured(socket))
    .on("tlsClientError", (error, socket) => {
      takeOwner(socket)?.handshakeFailed(refusal(socket) ?? error);
      // Of a handshake that takes too long Node only tells: the socket would stay for as long as the peer does.
      socket.destroy();
    });
}

/** Node closes without a word where it does not accept a certificate, and then tells that the client has closed. */
function refusal({ authorizationError }: TLSSocket): Error | undefined {
  // A code such as CERT_REVOKED, whatever its type says; null where there is none.
  const code = authorizationError as unknown;
  return typeof code === "string" ? new Error(`the client's certificate is not accepted (${code})`) : undefined;
}

const ownerOf = Symbol("handshakeOwner");
type OwnedSocket = Socket & { [ownerOf]?: HandshakeOwner };

/** Each socket answers once: an error after the handshake belongs to the connection, which listens for it itself. */
function takeOwner(socket: TLSSocket): HandshakeOwner | undefined {
  // Node has no public way from a server's TLSSocket to the socket below it. A test fails if this one goes away.
  const raw = (socket as TLSSocket & { _parent?: OwnedSocket })._parent;
  const owner = raw?.[ownerOf];
  if (raw !== undefined) delete raw[ownerOf];
  return owner;
}
