import { NotApplicable } from "../case.ts";
import { connect, type FilterRow, type PropertyList, type PublishOptions, type Version, type WillOptions } from "../wire/build.ts";
import { valueOf, type WirePacket } from "../wire/parse.ts";
import { Peer } from "../wire/peer.ts";
import type { PropertyName } from "../wire/properties.ts";
import type { BrokerTarget } from "./broker-target.ts";

/** What the server says of itself in a CONNACK of 5.0. */
export interface ServerFeatures {
  readonly receiveMaximum: number;
  readonly maximumQoS: number;
  readonly isRetainAvailable: boolean;
  /** Undefined: no limit but the protocol's. */
  readonly maximumPacketSize: number | undefined;
  readonly topicAliasMaximum: number;
  readonly hasWildcards: boolean;
  readonly hasSubscriptionIdentifiers: boolean;
  readonly hasSharedSubscriptions: boolean;
  readonly serverKeepAlive: number | undefined;
}

const VERSION: Version = 5;

/** Connects once and reads them; a server without 5.0 has the features of 3.1.1, which it cannot say. */
export async function probeServer(target: BrokerTarget): Promise<ServerFeatures> {
  const peer = await Peer.open(target.address, { version: VERSION, name: "probe", limitMs: target.limitMs ?? 5_000 });
  try {
    const { username, password } = target;
    peer.send(
      connect({
        version: VERSION,
        clientId: `probe${Math.floor(Math.random() * 1e9)}`,
        ...(username === undefined ? {} : { username }),
        ...(password === undefined ? {} : { password }),
      }),
    );
    return featuresOf(await peer.expect("CONNACK"));
  } finally {
    peer.cut();
  }
}

function featuresOf(connack: WirePacket): ServerFeatures {
  const number = (name: PropertyName): number | undefined => {
    const value = valueOf(connack, name);
    return typeof value === "number" ? value : undefined;
  };
  return {
    receiveMaximum: number("receiveMaximum") ?? 65_535,
    maximumQoS: number("maximumQoS") ?? 2,
    isRetainAvailable: number("retainAvailable") !== 0,
    maximumPacketSize: number("maximumPacketSize"),
    topicAliasMaximum: number("topicAliasMaximum") ?? 0,
    hasWildcards: number("wildcardSubscriptionAvailable") !== 0,
    hasSubscriptionIdentifiers: number("subscriptionIdentifierAvailable") !== 0,
    hasSharedSubscriptions: number("sharedSubscriptionAvailable") !== 0,
    serverKeepAlive: number("serverKeepAlive"),
  };
}

/** A message that the server may refuse for what it lacks is no matter of a case about something else. */
export function needsForMessage(server: ServerFeatures, message: Omit<PublishOptions, "version"> | WillOptions): void {
  const { qos = 0, retain = false, payload = "", topic } = message;
  // 3 is refused by every server, and tested as that.
  if (qos < 3 && qos > server.maximumQoS) throw new NotApplicable(`the server has no QoS ${qos}`);
  if (retain && !server.isRetainAvailable) throw new NotApplicable("the server has no retained messages");
  const size = payload.length + topic.length + HEADER_ROOM + sizeOf(message.properties ?? []);
  if (size > (server.maximumPacketSize ?? size)) throw new NotApplicable(`the server takes no packet of ${size} bytes`);
}

export function needsForFilters(server: ServerFeatures, filters: readonly FilterRow[], properties: PropertyList): void {
  const texts = filters.map(([filter]) => filter.toString());
  if (filters.some(([, options]) => (options & 3) > server.maximumQoS)) throw new NotApplicable("the server lacks a QoS");
  if (!server.hasWildcards && texts.some((text) => /[+#]/.test(text))) throw new NotApplicable("the server has no wildcards");
  if (!server.hasSharedSubscriptions && texts.some((text) => text.startsWith("$share/"))) {
    throw new NotApplicable("the server has no Shared Subscriptions");
  }
  if (!server.hasSubscriptionIdentifiers && properties.some(([id]) => id === SUBSCRIPTION_IDENTIFIER)) {
    throw new NotApplicable("the server has no Subscription Identifiers");
  }
  const size = texts.join("").length + 3 * texts.length + HEADER_ROOM;
  if (size > (server.maximumPacketSize ?? size)) throw new NotApplicable(`the server takes no packet of ${size} bytes`);
}

const SUBSCRIPTION_IDENTIFIER = 0x0b;
/** For the Fixed Header, a Packet Identifier and the lengths. */
const HEADER_ROOM = 16;

function sizeOf(properties: PropertyList): number {
  return properties.reduce((sum, { length }) => sum + length, 0);
}
