// Small things that MQTT.js exports and some applications import.

import type { ClientOfAttempt, DoneCallback } from "./options.ts";
import type { Packet } from "./packets.ts";

export type Callback = () => void;
export type GenericCallback<Result> = (error?: Error, result?: Result) => void;
export type Constructor<Instance = object> = new (...args: never[]) => Instance;
/** What MQTT.js gives its own handlers of packets. */
export interface PacketPump {
  discardParsedPackets(): void;
  isCurrent(): boolean;
}
export type PacketHandler = (client: ClientOfAttempt, packet: Packet, done?: DoneCallback, pump?: PacketPump) => void;

/** Calls back before anything else that waits, as `process.nextTick` does. */
export function nextTick<Args extends unknown[]>(callback: (...args: Args) => void, ...args: Args): void {
  queueMicrotask(() => callback(...args));
}

/** Gives a class the members of another one's prototype, and with `includeConstructor` what its constructor sets. */
export function applyMixin(
  target: { readonly prototype: object },
  mixin: { readonly prototype: object } & Constructor,
  includeConstructor = false,
): void {
  const from = includeConstructor ? new mixin() : {};
  const all = Object.getOwnPropertyDescriptors;
  Object.defineProperties(target.prototype, { ...all(mixin.prototype), ...all(from), ...all({ constructor: target }) });
}
