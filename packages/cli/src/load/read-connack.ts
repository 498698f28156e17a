import type { Packet, ProtocolVersion } from "@bowline/protocol";
import { decodePacket } from "@bowline/protocol/internal";
import type { LoadServer } from "./load-server.ts";

/** What a CONNACK says about a connection of a run. */
export interface Connack {
  /** Why there is none; undefined when there is. */
  readonly refusal: string | undefined;
  readonly receiveMaximum: number;
  /** Topic Aliases that the server takes. */
  readonly topicAliasMaximum: number;
  /** Seconds; 0 for none. */
  readonly keepAlive: number;
}

export function readConnack(bytes: Uint8Array, start: number, end: number, { connect }: LoadServer): Connack {
  const { protocolVersion, keepAlive } = connect;
  const packet = decode(bytes, start, end, protocolVersion);
  const none = { receiveMaximum: 0, topicAliasMaximum: 0, keepAlive };
  if (packet?.type !== 2) return { refusal: "the answer to CONNECT is no CONNACK of this version", ...none };
  const { reasonCode, properties } = packet;
  const said = properties?.reasonString === undefined ? "" : `: ${properties.reasonString}`;
  return {
    refusal: reasonCode === 0 ? undefined : `the broker refused the connection (${reasonCode}${said})`,
    receiveMaximum: properties?.receiveMaximum ?? 65_535,
    topicAliasMaximum: properties?.topicAliasMaximum ?? 0,
    keepAlive: properties?.serverKeepAlive ?? keepAlive,
  };
}

function decode(bytes: Uint8Array, start: number, end: number, version: ProtocolVersion): Packet | undefined {
  try {
    return decodePacket(bytes, start, bodyOf(bytes, start), end, version);
  } catch {
    return undefined;
  }
}

/** Words for a packet that ends a run: DISCONNECT, or one that has no business here. */
export function disconnection(bytes: Uint8Array, start: number, end: number): string {
  const type = bytes[start]! >>> 4;
  if (type !== 14) return `unexpected packet of type ${type}`;
  const reasonCode = end - start > 2 ? bytes[bodyOf(bytes, start)]! : 0;
  return `the broker disconnected (0x${reasonCode.toString(16)})`;
}

/** Where the packet that begins there has its variable header. */
export function bodyOf(bytes: Uint8Array, start: number): number {
  let body = start + 2;
  while (bytes[body - 1]! > 0x7f) body++;
  return body;
}
