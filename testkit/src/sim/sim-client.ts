import type { QoS } from "@bowline/protocol";
import type { Clock } from "@bowline/protocol/internal";
import type { ClientSpec, FilterSpec, LastBytes, WillSpec } from "./script.ts";
import type { WireTap } from "./wire-tap.ts";

/** What a client of the simulation needs of its world. */
export interface ClientWorld {
  readonly clock: Clock;
  /** Dials the broker; the end is watched already. */
  dial(client: string): WireTap;
  /** A message reached the application. */
  received(client: string, topicName: string, payload: Uint8Array, qos: QoS, retain: boolean): void;
  /** The client broke: whatever it says. */
  failed(client: string, what: string): void;
  /** The payload of a new will. */
  nameWill(): Uint8Array;
  /** Numbers in [0, 1), the same for the same script. */
  random(): number;
}

/** A client as the script drives it. */
export interface SimClient {
  readonly name: string;
  readonly spec: ClientSpec;
  /** The connection of this moment. */
  readonly tap: WireTap | undefined;
  /** Opens a connection, also while there is one. */
  connect(clean: boolean, will: WillSpec | undefined): void;
  subscribe(filters: readonly FilterSpec[], identifier: number): void;
  unsubscribe(filters: readonly string[]): void;
  publish(topicName: string, payload: Uint8Array, qos: QoS, retain: boolean, expiry: number): void;
  disconnect(reasonCode: 0 | 4, ends: boolean): void;
  /** Its process dies. */
  crash(bytes: LastBytes): void;
  /** Comes back when it has, or may have, a session at the broker. */
  heal(): void;
  /** What it still holds, in words; nothing when all is done. */
  leftOver(): string[];
  /** Ends it for good. */
  close(): void;
}
