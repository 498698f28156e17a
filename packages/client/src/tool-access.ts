import type { Properties } from "@bowline/protocol";
import type { FrameObserver } from "@bowline/protocol/internal";
import type { Client } from "./client.ts";
import type { ClientCore } from "./client-core.ts";
import type { Subscriber } from "./subscriber.ts";

/*
 * What a program that is a tool may ask of a client beyond its public API. It reaches into the client from here, so that no page pays
 * for what only a tool wants.
 */

/** Has every packet that comes shown as it lies in its chunk, before it is acted upon. Call it right after `connect`. */
export function watchFrames(client: Client, observer: FrameObserver): void {
  (client as ClientCore).received = observer;
}

/**
 * Lets the server wait: nothing more is read while it is held, and keep alive knows of it. A new connection reads until it is held
 * again.
 */
export function holdReading(client: Client, isHeld: boolean): void {
  (client as ClientCore).congested(NOBODY, isHeld);
}

/** Stands for the tool among those who cannot take more. */
const NOBODY = {} as Subscriber;

/**
 * Adds properties to each SUBSCRIBE. The identifiers that the client makes itself, for filters that overlap, are replaced by one of
 * these: do not subscribe to such filters then. Call it right after `connect`.
 */
export function addSubscribeProperties(client: Client, added: Properties): void {
  const { registry } = client as ClientCore;
  const connected = registry.connected.bind(registry);
  registry.connected = (engine, packet, version) => {
    const subscribe = engine.subscribe.bind(engine);
    engine.subscribe = (requests, properties) => subscribe(requests, { ...properties, ...added });
    connected(engine, packet, version);
  };
}
