/**
 * Limits that have to be looked at and that no run reaches: whoever measures is one address, one user and many clients, and faster than
 * anybody whom the defaults are made for.
 */
export const limitsOutOfReach: Readonly<Record<string, number>> = {
  maximumConnections: 1_000_000,
  maximumConnectionsPerAddress: 1_000_000,
  maximumConnectionsPerOwner: 1_000_000,
  connectionsPerSecond: 1_000_000,
  connectionsPerSecondPerAddress: 1_000_000,
  handshakesPerSecond: 1_000_000,
  handshakesPerSecondPerAddress: 1_000_000,
  reconnectsPerMinute: 60_000,
  publishesPerSecond: 100_000_000,
  publishBytesPerSecond: 100_000_000_000,
  // A machine that others use as well may be late: then newcomers would be refused, and a run would not be verified.
  maximumLagMs: 60_000,
};
