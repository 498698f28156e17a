/** Why a connection did not become an arrival, or was refused at its HTTP upgrade. Each has a counter and makes one event. */
const FRONT_CAUSES = [
  "connectionLimit",
  "addressLimit",
  "connectionRate",
  "addressRate",
  "handshakeRate",
  "addressHandshakeRate",
  "overloaded",
  "closedEarly",
  "firstBytesTimeout",
  "proxyHeaderInvalid",
  "proxyHeaderUnexpected",
  "proxyNameUnknown",
  "proxyIdentityInvalid",
  "addressBanned",
  "mqttOnTls",
  "httpOnTls",
  "tlsOnPlain",
  "httpOnMqtt",
  "mqttOnHttp",
  "otherProtocol",
  "helloMalformed",
  "helloTooLong",
  "serverNameUnknown",
  "serverNameMissing",
  "handshakeFailed",
  "httpMisdirected",
  "httpPathUnknown",
  "httpWithoutUpgrade",
  "subprotocolMissing",
  "originRefused",
  "messageTooLarge",
  "acceptFailed",
] as const;

export type FrontCause = (typeof FRONT_CAUSES)[number];

/** One refused connection, for the log. Text from the peer is printable ASCII and at most 255 characters long. */
export interface FrontEvent {
  readonly cause: FrontCause;
  /** What happened, as a sentence without its full stop. */
  readonly message: string;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  readonly serverName?: string;
  readonly error?: Error;
}

/** `identitiesIgnored`: clients' certificates told by peers that are no trusted proxy, or by a proxy for another tenant than the listener's. */
export type FrontCounters = Record<FrontCause | "arrived" | "identitiesIgnored", number>;

export function newFrontCounters(): FrontCounters {
  const counters = { arrived: 0, identitiesIgnored: 0 } as FrontCounters;
  for (const cause of FRONT_CAUSES) counters[cause] = 0;
  return counters;
}
