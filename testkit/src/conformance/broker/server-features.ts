import { connect, type Version } from "../wire/build.ts";
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
