import type { Target } from "@bowline/client/internal";
import type { ConnectPacket } from "@bowline/protocol";

/** One server. */
export interface ServerPlace {
  readonly target: Omit<Target, "socket" | "hostOptions">;
  /** What the target's host leads to, looked up once for all connections; empty for a Unix domain socket. */
  readonly address: string;
}

/** Where the connections of a run go, and as whom. Plain data, which can be sent to threads. */
export interface LoadServer extends ServerPlace {
  /** Servers of the same cluster, which the connections take in turn with the first. */
  readonly others: readonly ServerPlace[];
  /** What connections say; `%i` in user name and Client Identifier stands for the number of the connection. */
  readonly connect: ConnectPacket;
  /** The connections take turns with so many user names. */
  readonly users: number;
  /** What `%i` stands for in the first connection: runs on several machines begin at numbers of their own. */
  readonly firstNumber: number;
  /** Further attempts that each connection has until its CONNACK. */
  readonly retries: number;
  /** Addresses of this machine that connections come from, in turn; none leaves it to the system. */
  readonly localAddresses: readonly string[];
}

/** A server on plain TCP, without keep alive, so that a run may be as long as it likes; without a login when the name is empty. */
export function plainServer(
  address: string,
  port: number,
  protocolVersion: 3 | 4 | 5 = 5,
  username = "",
  password = "",
): LoadServer {
  const login = username === "" ? {} : { username, password: new TextEncoder().encode(password) };
  const clientIdentifier = `load-${process.pid}-%i`;
  const url = `mqtt://${address}:${port}`;
  return {
    target: { scheme: "mqtt", url, host: address, port, path: "", protocolVersion, tls: {}, headers: {} },
    address,
    connect: { type: 1, protocolVersion, clientIdentifier, cleanStart: true, keepAlive: 0, ...login },
    others: [],
    users: Number.MAX_SAFE_INTEGER,
    firstNumber: 0,
    retries: 0,
    localAddresses: [],
  };
}

/** The server whose turn it is. */
export function placeOf(server: LoadServer, turn: number): ServerPlace {
  const { others } = server;
  return others[(turn % (others.length + 1)) - 1] ?? server;
}

export function localAddressOf({ localAddresses }: LoadServer, number: number): { localAddress?: string } {
  const localAddress = localAddresses[number % localAddresses.length];
  return localAddress === undefined ? {} : { localAddress };
}

const LOOPBACK_ADDRESSES = 200;

/**
 * Addresses that connections to the loopback may come from, so that no pair of addresses runs out of ports where many come and go; none
 * for another server, and where the system has only the one.
 */
export function loopbackAddresses(address: string): readonly string[] {
  if (!address.startsWith("127.") || process.platform !== "linux") return [];
  return Array.from({ length: LOOPBACK_ADDRESSES }, (_, i) => `127.0.0.${2 + i}`);
}
