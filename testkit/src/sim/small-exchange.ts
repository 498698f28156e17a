import type { QoS } from "@bowline/protocol";
import type { ClientSpec, Script, SimAction } from "./script.ts";

/** When the message is published, and when an absent subscriber comes back, in ms. */
export const PUBLISHED_AT = 400;
export const RETURNS_AT = 500;
/** Ms between a turn and its commit: long enough to die in between. */
export const COMMIT_MS = 10;

export interface ExchangeOptions {
  readonly version: 4 | 5;
  readonly qos: QoS;
  /** The subscriber comes after the message, which waits in its queue. */
  readonly isAway?: boolean;
  /** One way, from the moment of the publication on. */
  readonly publisherLatencyMs?: number;
  readonly subscriberLatencyMs?: number;
  /** What goes wrong, each at its time. */
  readonly trouble: readonly { readonly at: number; readonly action: SimAction }[];
}

/** One message from c0 to c1, both with sessions that last, and what goes wrong meanwhile. */
export function smallExchange(options: ExchangeOptions): Script {
  const { version, qos, isAway = false, publisherLatencyMs = 0, subscriberLatencyMs = 0, trouble } = options;
  const client: ClientSpec = {
    kind: "engine",
    version,
    expiry: 1000,
    receiveMaximum: 0,
    topicAliasMaximum: 0,
    maximumPacketSize: 0,
    acknowledgeMs: 0,
    reconnectMs: 1,
    keepAlive: 0,
  };
  const steps: { at: number; action: SimAction }[] = [
    { at: 0, action: { do: "connect", client: 0, clean: true } },
    { at: 0, action: { do: "connect", client: 1, clean: true } },
    { at: 100, action: { do: "subscribe", client: 1, filters: [{ topicFilter: "t", qos: 2 }], identifier: 0 } },
    ...(isAway ? [{ at: 300, action: { do: "disconnect", client: 1, reasonCode: 0, ends: false } as const }] : []),
    { at: PUBLISHED_AT, action: { do: "latency", client: 0, ms: publisherLatencyMs } },
    { at: PUBLISHED_AT, action: { do: "latency", client: 1, ms: subscriberLatencyMs } },
    { at: PUBLISHED_AT, action: { do: "publish", client: 0, topic: "t", qos, retain: false, size: 8, expiry: 0 } },
    ...(isAway ? [{ at: RETURNS_AT, action: { do: "connect", client: 1, clean: false } as const }] : []),
    ...trouble,
  ];
  const inOrder = steps
    .map((step, place) => ({ ...step, place }))
    .sort((a, b) => a.at - b.at || rank(a) - rank(b) || a.place - b.place);
  return {
    seed: 1,
    chunking: "whole",
    broker: { receiveMaximum: 0xffff, topicAliasMaximum: 0, maximumInFlight: 1000, commitMs: COMMIT_MS },
    clients: [client, client],
    events: inOrder.map(({ at, action }, id) => ({ id, at, ...action })),
  };
}

/** Cuts are laid before what they cut, in the same ms; a publication comes last. */
function rank({ action }: { readonly action: SimAction }): number {
  return action.do === "publish" || action.do === "connect" ? 1 : 0;
}
