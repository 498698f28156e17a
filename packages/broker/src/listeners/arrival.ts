import type { IncomingHttpHeaders } from "node:http";
import type { DetailedPeerCertificate } from "node:tls";
import type { Channel } from "@bowline/protocol/internal";
import type { ProxyHeader } from "./proxy-protocol.ts";

export type Transport = "tcp" | "tls" | "ws" | "wss" | "unix";

/** A peer that passed the front of a listener: everything known about it before its first MQTT byte. */
export interface Arrival {
  /** Sends nothing to its handler before the call that receives the arrival has returned. Another one stands here while it is traced. */
  channel: Channel;
  readonly tenant: string;
  readonly transport: Transport;
  /** The client's address: of the socket, or what a trusted proxy said it is. Empty for unix sockets. */
  readonly remoteAddress: string;
  /** 0 for unix sockets, and when a proxy did not name it. */
  readonly remotePort: number;
  /** 0 for unix sockets. */
  readonly localPort: number;
  readonly tls?: ArrivalTls;
  readonly http?: ArrivalHttp;
  /** Whether the peer has sent the close frame of its WebSocket. */
  readonly isClosedByFrame?: () => boolean;
  readonly proxy?: ProxyHeader;
  /** What a trusted proxy says about the client's certificate; empty when it says that there is none, or may not say so for this tenant. */
  readonly identity?: ClientIdentity;
  /** Called when the client is known: what bounds a stranger ends. */
  readonly admitted?: () => void;
}

/** Who a client is by its certificate, whoever has verified that: our TLS, or a proxy that we trust. Empty: nobody we know. */
export interface ClientIdentity {
  /** DER. */
  readonly certificate?: Uint8Array;
  /** All that some proxies tell of a certificate. */
  readonly commonName?: string;
}

export interface ArrivalTls {
  /** Undefined when the client sent none. */
  readonly serverName: string | undefined;
  /** `TLSv1.2` or `TLSv1.3`. */
  readonly protocol: string;
  readonly cipher: string;
  readonly alpnProtocol: string | undefined;
  /** Whether the client sent a certificate that the tenant's client CA vouches for. */
  readonly isAuthorized: boolean;
  /** Why a certificate that it sent is not accepted, as OpenSSL says it, such as `CERT_REVOKED`. */
  readonly certificateFault?: string | undefined;
  /** The client's certificate; read on demand since decoding it costs more than the rest of an arrival. */
  peerCertificate(): DetailedPeerCertificate | undefined;
}

export interface ArrivalHttp {
  readonly path: string;
  /** As it was sent, with its `?`; empty when there is none. */
  readonly queryString: string;
  readonly headers: IncomingHttpHeaders;
  readonly origin: string | undefined;
  readonly subprotocol: "mqtt" | "mqttv3.1";
}

/** Takes a peer over. It sets `arrival.channel.handler` before it returns, or calls `destroy` or `end` on the channel. */
export type Accept = (arrival: Arrival) => void;
