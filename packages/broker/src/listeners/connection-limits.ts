/** What the front of all listeners lets in before it works for anybody. 0 is no limit. */
export interface ConnectionLimits {
  /** Open connections of all listeners. */
  maximumConnections: number;
  /** Open connections of one address; an IPv6 address counts with its /64. */
  maximumConnectionsPerAddress: number;
  /** New connections per second of all listeners. */
  connectionsPerSecond: number;
  /** New connections per second of one address. */
  connectionsPerSecondPerAddress: number;
  /** TLS handshakes begun per second, of all listeners. */
  handshakesPerSecond: number;
  /** TLS handshakes begun per second by one address. */
  handshakesPerSecondPerAddress: number;
}

export const defaultConnectionLimits: ConnectionLimits = {
  // At the 50 KB that an idle TLS connection may cost this is 5 GB: what a machine of the usual size has for it.
  maximumConnections: 100_000,
  // An office or a mobile network behind one address has some thousands; a fifth of all is left to nobody alone.
  maximumConnectionsPerAddress: 20_000,
  // A core accepts about twice as many; the rest of it belongs to those who are connected.
  connectionsPerSecond: 10_000,
  connectionsPerSecondPerAddress: 5_000,
  // A handshake costs a core half a millisecond and more, so this is about half of one, and one address gets half of that.
  handshakesPerSecond: 1_000,
  handshakesPerSecondPerAddress: 500,
};

/** Files that clients cannot use up: what the store, reloads, webhooks, the console and the admin API need. */
const FILES_KEPT = 100;

/**
 * The same limits for a process that may have so many files open; undefined where the system does not tell. At its limit it could
 * only close whom it accepts, and nobody would hear of it.
 */
export function withinOpenFiles<T extends ConnectionLimits>(limits: T, openFiles: number | undefined): T {
  if (openFiles === undefined) return limits;
  const room = Math.max(1, openFiles - Math.min(FILES_KEPT, Math.ceil(openFiles / 2)));
  const { maximumConnections } = limits;
  return { ...limits, maximumConnections: maximumConnections === 0 ? room : Math.min(maximumConnections, room) };
}
