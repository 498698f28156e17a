import type { TlsOptions } from "./tls-options.ts";

/**
 * A proxy that connections go through; Node only.
 *
 * @public
 */
export interface ProxyOptions {
  /**
   * `http://`, `https://` (HTTP CONNECT, over TLS with the second), `socks5h://`, `socks5://`, `socks4a://` or `socks4://`, with
   * user name and password percent-encoded before the host. With `socks5` and `socks4` the server's name is resolved here.
   */
  url: string;
  /** TLS to an `https://` proxy. */
  tls?: TlsOptions;
  /** Further headers of the CONNECT request. */
  headers?: Readonly<Record<string, string>>;
  /** Time limit in ms for a SOCKS proxy's answer, default 30,000; `connectTimeoutMs` holds for the whole in any case. */
  timeoutMs?: number;
}

/**
 * How sockets are opened; Node only.
 *
 * @public
 */
export interface SocketOptions {
  /** Address of this machine to connect from. */
  localAddress?: string;
  localPort?: number;
  /** 4 or 6 for one family of addresses; 0, the default, tries all that the name has. */
  family?: 0 | 4 | 6;
  /** Ms that each address but the last is given before the next is tried. Default 1,000: Node's own 250 fails on slow links. */
  addressTimeoutMs?: number;
  /** False lets small packets wait for each other (Nagle). Default true. */
  noDelay?: boolean;
  /** Ms of silence after which the system probes the connection (TCP keep-alive). Default off: MQTT's own keep alive finds more. */
  keepAliveDelayMs?: number;
  /** In place of `dns.lookup`, with its signature. */
  lookup?: (hostname: string, options: never, callback: (error: never, address: never, family: never) => void) => void;
  /** An `http.Agent` that opens the connections of WebSockets, in place of all others here. */
  agent?: object;
}
