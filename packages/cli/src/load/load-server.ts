import type { Target } from "@bowline/client/internal";

/** Where the connections of a run go, and as whom. Plain data, which can be sent to threads. */
export interface LoadServer {
  readonly target: Omit<Target, "socket" | "hostOptions">;
  /** What the target's host leads to, looked up once for all connections; empty for a Unix domain socket. */
  readonly address: string;
  /** In both `%i` stands for the number of the connection; no user name when empty. */
  readonly username: string;
  readonly clientId: string;
  readonly password: string | Uint8Array | undefined;
  /** The connections take turns with so many user names. */
  readonly users: number;
  /** Addresses of this machine that connections come from, in turn; none leaves it to the system. */
  readonly localAddresses: readonly string[];
  /** Seconds; 0 for none. */
  readonly keepAlive: number;
}

/** A server on plain TCP, without a login. */
export function plainServer(address: string, port: number, protocolVersion: 3 | 4 | 5 = 5): LoadServer {
  const url = `mqtt://${address}:${port}`;
  return {
    target: { scheme: "mqtt", url, host: address, port, path: "", protocolVersion, tls: {}, headers: {} },
    address,
    username: "",
    clientId: `load-${process.pid}-%i`,
    password: undefined,
    users: Number.MAX_SAFE_INTEGER,
    localAddresses: [],
    keepAlive: 0,
  };
}

export function clientIdOf({ clientId }: LoadServer, number: number): string {
  return clientId.replaceAll("%i", String(number));
}

export function localAddressOf({ localAddresses }: LoadServer, number: number): { localAddress?: string } {
  const localAddress = localAddresses[number % localAddresses.length];
  return localAddress === undefined ? {} : { localAddress };
}
