/**
 * Where a session outlives the process: a small map of records that changes in whole groups. What the records mean is the
 * client's business (`stored-records.ts`). Made by `fileStore`, `indexedDbStore` and `memoryStore`, or by the application.
 *
 * The client calls `open` first, then `write`, one call after the other, and `close` last; a store that was closed may be opened
 * again. Calls may reject with any error: the client tells it and tries again.
 *
 * @public
 */
export interface SessionStore {
  /** For messages: a folder, the name of a database. */
  readonly name: string;
  /**
   * Takes the store for this client alone and answers everything in it, in no order.
   *
   * @throws MqttError STORE_IN_USE when another client, tab or process has it; STORE_DAMAGED, STORE_UNREADABLE
   */
  open(): Promise<Iterable<StoredRecord>>;
  /** Makes all changes or none; resolves when they survive the death of the process and of the machine. */
  write(changes: readonly StoreChange[]): Promise<void>;
  /** Lets go of it. Resolves when another client may open it. */
  close(): Promise<void>;
}

/** @public */
export type StoredRecord = readonly [key: string, value: Uint8Array];

/**
 * One record to be set, or without a value to be removed, which need not be there.
 *
 * @public
 */
export type StoreChange = readonly [key: string, value: Uint8Array | undefined];
