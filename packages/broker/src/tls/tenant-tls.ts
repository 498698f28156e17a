import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { createServer, type SecureContextOptions, type Server, type TlsOptions, type TLSSocket } from "node:tls";
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

export interface TenantTlsOptions {
  readonly tenant: string;
  readonly material: CertificateMaterial;
  /** Shown in place of `material` to those who ask for one of its names. */
  readonly named?: NamedCertificate;
  /** PEM of the authorities whose client certificates the tenant accepts. Without it none is asked for. */
  readonly clientCa?: string;
  /** Refuses clients without an accepted certificate. Default false: they arrive as not authorized. */
  readonly requiresClientCertificate?: boolean;
  /** What clients may offer by ALPN on the MQTT side, first choice first. Default `mqtt` alone; AWS clients offer `x-amzn-mqtt-ca`. */
  readonly alpnProtocols?: readonly string[];
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
  readonly #mqtt: Server;
  readonly #http: Server;
  #settings: SecureContextOptions;

  constructor(options: TenantTlsOptions) {
    this.tenant = options.tenant;
    this.#settings = secureSettings(options.material, options.clientCa);
    const shared: TlsOptions = {
      ...this.#settings,
      ticketKeys: randomBytes(48),
      handshakeTimeout: options.handshakeTimeoutMs ?? 10_000,
      requestCert: options.clientCa !== undefined,
      rejectUnauthorized: options.requiresClientCertificate ?? false,
    };
    this.#mqtt = tlsServer({ ...shared, ALPNProtocols: [...(options.alpnProtocols ?? ["mqtt"])] });
    this.#http = tlsServer({ ...shared, ALPNProtocols: ["http/1.1"] });
    if (options.named !== undefined) this.#addNamed(options.named);
  }

  /** Starts the handshake on a socket whose first bytes were put back with `unshift`. */
  take(socket: Socket, protocol: InnerProtocol, owner: HandshakeOwner): void {
    (socket as OwnedSocket)[ownerOf] = owner;
    (protocol === "mqtt" ? this.#mqtt : this.#http).emit("connection", socket);
  }

  /** New handshakes use the new certificate; connections and tickets stay as they are. */
  replaceCertificate(material: CertificateMaterial): void {
    this.#settings = { ...this.#settings, cert: material.certificate, key: material.privateKey };
    this.#mqtt.setSecureContext(this.#settings);
    this.#http.setSecureContext(this.#settings);
  }

  #addNamed({ names, material }: NamedCertificate): void {
    const settings = { ...this.#settings, cert: material.certificate, key: material.privateKey };
    for (const name of names) {
      this.#mqtt.addContext(name, settings);
      this.#http.addContext(name, settings);
    }
  }
}

function secureSettings(material: CertificateMaterial, clientCa: string | undefined): SecureContextOptions {
  return {
    cert: material.certificate,
    key: material.privateKey,
    minVersion: "TLSv1.2",
    // Node derives its default from the command line, the same for all servers of a process.
    sessionIdContext: randomBytes(16).toString("hex"),
    ...(clientCa === undefined ? {} : { ca: clientCa }),
  };
}

function tlsServer(options: TlsOptions): Server {
  return createServer(options)
    .on("secureConnection", (socket) => takeOwner(socket)?.secured(socket))
    .on("tlsClientError", (error, socket) => takeOwner(socket)?.handshakeFailed(error));
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
