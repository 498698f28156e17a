import type { EventEmitter } from "node:events";

/**
 * What an idle connection's socket listens to, as an object of fixed fields. It inherits nothing, like the one that Node makes, so that no
 * event has a listener by its name.
 */
class Listeners {
  end: unknown = undefined;
  error: unknown = undefined;
  close: unknown = undefined;
}
Object.setPrototypeOf(Listeners.prototype, null);
Reflect.deleteProperty(Listeners.prototype, "constructor");

/**
 * Puts an emitter's listeners into a smaller object, once they are all there: Node keeps them in a hash table of their names, 340 bytes for
 * three, and in fixed fields they take 48. What is added or removed later works as ever. Nothing changes in a Node that keeps them elsewhere.
 */
export function keepListenersSmall(emitter: EventEmitter): void {
  const internals = emitter as unknown as { _events?: Record<PropertyKey, unknown> };
  const { _events: events } = internals;
  if (typeof events !== "object") return;
  internals._events = Object.assign(new Listeners(), events);
}
