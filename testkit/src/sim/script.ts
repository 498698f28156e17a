import type { QoS } from "@bowline/protocol";
import type { CutKind } from "../virtual/index.ts";

/** One client of a run: what stays the same over all its connections. */
export interface ClientSpec {
  /** `engine`: the protocol's engine, driven packet by packet; `core`: the whole `@bowline/client`, which reconnects by itself. */
  kind: "engine" | "core";
  version: 4 | 5;
  /** Seconds; 0 for a session that ends with its connection. */
  expiry: number;
  /** 0 for none given. */
  receiveMaximum: number;
  topicAliasMaximum: number;
  /** 0 for none given. */
  maximumPacketSize: number;
  /** Ms until a message is acknowledged, and until the next attempt after a loss. */
  acknowledgeMs: number;
  reconnectMs: number;
  /** Seconds, 0 for none. */
  keepAlive: number;
  /** A core client's will is fixed; an engine's comes with each `connect`. */
  will?: WillSpec;
}

export interface WillSpec {
  qos: QoS;
  retain: boolean;
  /** Seconds; MQTT 5.0. */
  delay: number;
}

/** How the broker is set up. */
export interface BrokerSpec {
  receiveMaximum: number;
  topicAliasMaximum: number;
  maximumInFlight: number;
  /** Ms between the end of a group of rows and its commit. */
  commitMs: number;
}

export interface FilterSpec {
  topicFilter: string;
  qos: QoS;
  noLocal?: boolean;
  retainAsPublished?: boolean;
  retainHandling?: 0 | 1 | 2;
}

/** Whether the bytes that a process has written before it died still arrive. */
export type LastBytes = "lost" | "sent";

/** What the world does to the broker and its clients. `client` is an index into the script's clients. */
export type SimAction =
  | { do: "connect"; client: number; clean: boolean; will?: WillSpec }
  | { do: "subscribe"; client: number; filters: FilterSpec[]; identifier: number }
  | { do: "unsubscribe"; client: number; filters: string[] }
  | { do: "publish"; client: number; topic: string; qos: QoS; retain: boolean; size: number; expiry: number }
  /** `ends`: the session too, by a Session Expiry Interval of 0; MQTT 5.0. */
  | { do: "disconnect"; client: number; reasonCode: 0 | 4; ends: boolean }
  | { do: "cut"; client: number; direction: "fromClient" | "fromServer"; afterBytes: number; kind: CutKind }
  | { do: "stall"; client: number; what: "link" | "reading" }
  | { do: "release"; client: number }
  | { do: "latency"; client: number; ms: number }
  | { do: "crash-client"; client: number; bytes: LastBytes }
  | { do: "disk"; commitMs: number }
  | { do: "crash"; commits: number; side: "before" | "after"; bytes: LastBytes; downMs: number };

/** An action and when it happens. The id stays the same when others are taken out, and names what the action made. */
export type SimEvent = { id: number; at: number } & SimAction;

/** A run is a pure function of this. */
export interface Script {
  seed: number;
  /** Where streams are cut into chunks: at random by default. */
  chunking?: "whole";
  broker: BrokerSpec;
  clients: ClientSpec[];
  events: SimEvent[];
}

/** A script for people: a line for each client and each event. */
export function formatScript(script: Script): string {
  const { broker, clients, events } = script;
  const used = new Set(events.map((event) => ("client" in event ? event.client : -1)));
  const lines = [`broker ${fields(broker)}`];
  for (const [i, client] of clients.entries())
    if (used.has(i) || client.kind === "core") lines.push(`client c${i}: ${fields(client)}`);
  for (const { id, at, ...action } of events) {
    const { do: name, ...rest } = action;
    const { client, ...others } = rest as { client?: number };
    lines.push(`${String(at).padStart(6)} ms  #${id} ${client === undefined ? "" : `c${client} `}${name} ${fields(others)}`);
  }
  return lines.join("\n");
}

function fields(value: object): string {
  return Object.entries(value)
    .map(([name, field]) => `${name}=${typeof field === "object" ? JSON.stringify(field) : String(field)}`)
    .join(" ");
}
