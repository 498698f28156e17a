import { type LmdbStore, type StoreOperation, Table } from "./lmdb-store.ts";
import { numberBytes, numberKey } from "./store-keys.ts";

/** Rows removed with one transaction: a session may have a million, and finding them must not hold the event loop. */
const rowsAtATime = 500;

const tablesBelow: readonly Table[] = [Table.Queue, Table.Inbound, Table.Subscriptions];

/**
 * Deletes what lies below deleted sessions. The session's own row goes at once, with its transaction, and from then on nothing
 * below it counts: session numbers are never given again, and `load` hands over no row without a session. So the rest can follow
 * in small steps, and a crash in between is finished after the next load.
 */
export class SessionSweeper {
  readonly #store: Pick<LmdbStore, "keysBelow">;
  readonly #sessions = new Set<number>();

  constructor(store: Pick<LmdbStore, "keysBelow">) {
    this.#store = store;
  }

  add(sessionId: number): void {
    this.#sessions.add(sessionId);
  }

  /**
   * The operations of one transaction: those appended, without what they put below deleted sessions, and a step of sweeping.
   * Everything before them must be visible by now.
   */
  prepare(appended: readonly StoreOperation[]): readonly StoreOperation[] {
    if (this.#sessions.size === 0) return appended;
    const ending = new Set<number>();
    const operations = appended.filter((operation) => this.#keeps(operation, ending));
    for (const sessionId of this.#sessions) {
      if (operations.length - appended.length >= rowsAtATime) break;
      const isEmpty = !this.#sweep(sessionId, operations);
      // The deletion itself may still fail and come back with what was put before it.
      if (isEmpty && !ending.has(sessionId)) this.#sessions.delete(sessionId);
    }
    return operations;
  }

  #keeps(operation: StoreOperation, ending: Set<number>): boolean {
    if (operation.table === Table.Sessions) {
      const sessionId = Buffer.from(operation.key).readUIntBE(0, numberBytes);
      if (operation.record === undefined) ending.add(sessionId);
      return operation.record === undefined || !this.#sessions.has(sessionId);
    }
    if (!tablesBelow.includes(operation.table)) return true;
    return !this.#sessions.has(Buffer.from(operation.key).readUIntBE(0, numberBytes));
  }

  #sweep(sessionId: number, operations: StoreOperation[]): boolean {
    const before = operations.length;
    for (const table of tablesBelow) {
      const limit = rowsAtATime - (operations.length - before);
      if (limit <= 0) break;
      for (const key of this.#store.keysBelow(table, numberKey(sessionId), limit))
        operations.push({ table, key, record: undefined });
    }
    return operations.length > before;
  }
}
