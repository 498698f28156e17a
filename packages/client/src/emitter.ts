/** Functions by event name; each event carries one value. */
type Listeners<Events> = { [Name in keyof Events]?: Set<(value: Events[Name]) => void> };

/**
 * A small typed event emitter. A listener that throws does not disturb the client: its error is thrown again outside, where
 * the host reports it as it reports any uncaught error.
 */
export class Emitter<Events> {
  private readonly listeners: Listeners<Events> = {};

  /** Calls the listener at each event; the answer takes it off again. */
  on<Name extends keyof Events>(name: Name, listener: (value: Events[Name]) => void): () => void {
    (this.listeners[name] ??= new Set()).add(listener);
    return () => this.off(name, listener);
  }

  off<Name extends keyof Events>(name: Name, listener: (value: Events[Name]) => void): void {
    this.listeners[name]?.delete(listener);
  }

  /** Calls the listener at the next event only. */
  once<Name extends keyof Events>(name: Name, listener: (value: Events[Name]) => void): () => void {
    const off = this.on(name, (value) => {
      off();
      listener(value);
    });
    return off;
  }

  has(name: keyof Events): boolean {
    return (this.listeners[name]?.size ?? 0) > 0;
  }

  emit<Name extends keyof Events>(name: Name, value: Events[Name]): void {
    const listeners = this.listeners[name];
    if (listeners === undefined) return;
    // One that is put on meanwhile waits for the next event: it may be the one that put itself on.
    let left = listeners.size;
    for (const listener of listeners) {
      if (left-- === 0) return;
      callSafely(listener, value);
    }
  }

  clear(): void {
    for (const name in this.listeners) delete this.listeners[name];
  }
}

/** Calls foreign code; what it throws reaches the host, and not the engine that was calling. */
export function callSafely<T>(callback: (value: T) => unknown, value: T): unknown {
  try {
    return callback(value);
  } catch (error) {
    throwOutside(error);
    return undefined;
  }
}

/** Throws where nobody of ours is on the stack, so that the host reports it like any uncaught error. */
export function throwOutside(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
