/** A listener of any event; `this` is the emitter. */
export type EventHandler = (...args: never[]) => void;
type Callable = (...args: unknown[]) => void;
/** What is called; `original` is what the application gave when that is another function. */
interface Entry {
  readonly call: Callable;
  readonly original: Callable;
}

const NOBODY: readonly Entry[] = [];

/**
 * The part of Node's EventEmitter that applications use on a client, with the same behaviour, for hosts that have none: listeners
 * are called in order on the list as it was when the event came, `error` without a listener is thrown, `once` can be taken off by
 * the function that was given.
 *
 * @public
 */
export class TypedEventEmitter<TEvents extends { [Name in keyof TEvents]: EventHandler }> {
  private readonly entries = new Map<keyof TEvents, readonly Entry[]>();
  private maxListeners = 10;

  on<TEvent extends keyof TEvents>(event: TEvent, callback: TEvents[TEvent]): this {
    return this.add(event, entryOf(callback), false);
  }

  addListener<TEvent extends keyof TEvents>(event: TEvent, callback: TEvents[TEvent]): this {
    return this.on(event, callback);
  }

  prependListener<TEvent extends keyof TEvents>(event: TEvent, callback: TEvents[TEvent]): this {
    return this.add(event, entryOf(callback), true);
  }

  once<TEvent extends keyof TEvents>(event: TEvent, callback: TEvents[TEvent]): this {
    return this.add(event, this.onceEntry(event, callback), false);
  }

  prependOnceListener<TEvent extends keyof TEvents>(event: TEvent, callback: TEvents[TEvent]): this {
    return this.add(event, this.onceEntry(event, callback), true);
  }

  /** Takes off the listener that was added last of those that are this function. */
  removeListener<TEvent extends keyof TEvents>(event: TEvent, callback: TEvents[TEvent]): this {
    const list = this.list(event);
    const isIt = ({ call, original }: Entry): boolean => original === asCallable(callback) || call === asCallable(callback);
    const at = list.map(isIt).lastIndexOf(true);
    if (at >= 0)
      this.keep(
        event,
        list.filter((_, index) => index !== at),
      );
    return this;
  }

  off<TEvent extends keyof TEvents>(event: TEvent, callback: TEvents[TEvent]): this {
    return this.removeListener(event, callback);
  }

  removeAllListeners(event?: keyof TEvents): this {
    if (event === undefined) this.entries.clear();
    else this.entries.delete(event);
    return this;
  }

  /** True when somebody listened. A listener that throws ends the call, as in Node. */
  emit<TEvent extends keyof TEvents>(event: TEvent, ...args: Parameters<TEvents[TEvent]>): boolean {
    const list = this.list(event);
    if (list.length === 0) {
      if (event !== "error") return false;
      const [error] = args as unknown[];
      throw error instanceof Error ? error : new Error(`Unhandled error. (${String(error)})`);
    }
    for (const { call } of list) call.apply(this, args as unknown[]);
    return true;
  }

  listenerCount<TEvent extends keyof TEvents>(event: TEvent, listener?: TEvents[TEvent]): number {
    const list = this.list(event);
    if (listener === undefined) return list.length;
    return list.filter(({ original }) => original === asCallable(listener)).length;
  }

  listeners<TEvent extends keyof TEvents>(event: TEvent): TEvents[TEvent][] {
    return this.list(event).map(({ original }) => original as unknown as TEvents[TEvent]);
  }

  /** As `listeners`, but with the wrappers of `once`. */
  rawListeners<TEvent extends keyof TEvents>(event: TEvent): TEvents[TEvent][] {
    return this.list(event).map(({ call }) => call as unknown as TEvents[TEvent]);
  }

  eventNames(): (keyof TEvents)[] {
    return [...this.entries.keys()];
  }

  /** Kept for the sake of code that calls it: nothing here warns of many listeners. */
  setMaxListeners(count: number): this {
    this.maxListeners = count;
    return this;
  }

  getMaxListeners(): number {
    return this.maxListeners;
  }

  private list(event: keyof TEvents): readonly Entry[] {
    return this.entries.get(event) ?? NOBODY;
  }

  // The list is replaced and never changed, so that `emit` goes through it as it was.
  private keep(event: keyof TEvents, list: readonly Entry[]): void {
    if (list.length === 0) this.entries.delete(event);
    else this.entries.set(event, list);
  }

  private add(event: keyof TEvents, entry: Entry, isFirst: boolean): this {
    const list = this.list(event);
    this.keep(event, isFirst ? [entry, ...list] : [...list, entry]);
    return this;
  }

  private onceEntry<TEvent extends keyof TEvents>(event: TEvent, callback: TEvents[TEvent]): Entry {
    const { original } = entryOf(callback);
    const call = (...args: unknown[]): void => {
      this.keep(
        event,
        this.list(event).filter((other) => other !== entry),
      );
      original.apply(this, args);
    };
    const entry: Entry = { call: Object.assign(call, { listener: original }), original };
    return entry;
  }
}

function entryOf(callback: unknown): Entry {
  if (typeof callback !== "function") throw new TypeError('The "listener" argument must be of type function');
  return { call: asCallable(callback), original: asCallable(callback) };
}

function asCallable(callback: unknown): Callable {
  return callback as Callable;
}
