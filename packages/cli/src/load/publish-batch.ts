/** A publisher's messages that are not written yet. */
export interface PublishBatch {
  /** How many may be added before the next `release`. */
  readonly room: number;
  readonly isEmpty: boolean;
  /**
   * Adds a message.
   *
   * @param sequence its number, of which the lowest 32 bits go out
   * @param timeNs when it leaves, or was due
   * @param packetIdentifier used at QoS 1 and 2
   */
  put(sequence: number, timeNs: number, packetIdentifier: number): void;
  /** What was added, as it goes out; `release` must follow. */
  view(): Uint8Array;
  /** @param reusable nobody else refers to the bytes any more */
  release(reusable: boolean): void;
  /** The server takes so many Topic Aliases. Told before the first message. */
  useAliases(maximum: number): void;
}

/** Largest batch in bytes, if the window allows one so large, and all of a run together. */
const BATCH_SIZE = 131_072;
const ALL_BATCHES = 268_435_456;

/** How many packets of a size one publisher's batch holds. */
export function batchCapacity(packetSize: number, window: number, publishers: number): number {
  const size = Math.min(BATCH_SIZE, ALL_BATCHES / publishers);
  return Math.max(1, Math.min(window, Math.floor(size / packetSize)));
}
