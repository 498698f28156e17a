import type { ProtocolVersion } from "@bowline/protocol";
import { ownBytes } from "@bowline/protocol/internal";
import type {
  Channel,
  ChannelHandler,
  DnsFacts,
  HttpFacts,
  Milestone,
  PageFacts,
  ProxyFacts,
  TlsFacts,
  WebSocketFacts,
} from "@bowline/protocol/internal";
import type { ProxyOptions, SocketOptions } from "../network-options.ts";
import type { TlsOptions } from "../tls-options.ts";

/** Where to connect, parsed from a URL; see target.ts. */
export interface Target {
  readonly scheme: "mqtt" | "mqtts" | "ws" | "wss" | "unix";
  /** Without user info: what WebSockets are opened with and messages show. */
  readonly url: string;
  /** Without brackets; the empty string for unix. */
  readonly host: string;
  readonly port: number;
  /** The socket's path for unix, path and query for ws. */
  readonly path: string;
  readonly protocolVersion: ProtocolVersion;
  readonly tls: TlsOptions;
  readonly headers: Readonly<Record<string, string>>;
  readonly proxy?: string | ProxyOptions | undefined;
  readonly socket?: SocketOptions | undefined;
  /** False: a page does not ask the server by a fetch why a WebSocket did not open. */
  readonly probe?: boolean | undefined;
  /** Further options for the host's own way to connect, `tls.connect` or `ws`, as the drop-in takes them. */
  readonly hostOptions?: Readonly<Record<string, unknown>>;
}

/** What a transport knows of its own life, for the diagnosis; kept up to date until `closed`. */
export interface TransportFacts {
  milestone: Milestone;
  /** At most 64 bytes of what the peer sent. */
  firstBytes?: Uint8Array;
  dns?: DnsFacts;
  proxy?: ProxyFacts;
  hasProxyEnvironment?: boolean;
  tls?: TlsFacts;
  http?: HttpFacts;
  ws?: WebSocketFacts;
  page?: PageFacts;
}

/** As a ChannelHandler, but the chunks given to `data` are the client's to keep: payloads are views of them. */
export interface TransportHandler extends ChannelHandler {
  /** The byte stream is open: handshakes of TCP, TLS and WebSocket are done. At most once, before `data`. */
  opened(): void;
}

/** A Channel that is being dialled: it may be written to after `opened` and destroyed at any time. */
export interface Transport extends Channel {
  readonly facts: TransportFacts;
}

/**
 * Begins to connect and answers at once. What goes wrong comes as `closed(cause)`, never as a throw and never before this
 * function returned; `closed` comes exactly once, also after `destroy`, and not before the socket is really closed.
 */
export type Dialer = (target: Target, handler: TransportHandler) => Transport;

/** Keeps the beginning of what the peer sent first, as evidence. */
export function keepFirstBytes(facts: TransportFacts, chunk: Uint8Array): void {
  facts.firstBytes ??= ownBytes(chunk, 0, Math.min(64, chunk.length));
}

/** The subprotocol of a WebSocket: MQTT 3.1 had a name of its own. */
export function subprotocolOf(target: Target): string {
  return target.protocolVersion === 3 ? "mqttv3.1" : "mqtt";
}
