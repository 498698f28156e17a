import { MqttError } from "@bowline/protocol";
import type { SessionStore, StoreChange, StoredRecord } from "./session-store.ts";
import { storeError } from "./store-error.ts";

const RECORDS = "records";
/** A page that was left may hold its lock for a moment longer. */
const LOCK_WAIT_MS = 2000;

/**
 * One IndexedDB database with one object store, and a Web Lock for the one who has it. A browser frees the lock of a tab that ended,
 * however it ended.
 */
export class IndexedDbStore implements SessionStore {
  readonly name: string;
  private readonly database: string;
  private connection: IDBDatabase | undefined;
  private unlock: (() => void) | undefined;

  constructor(name: string) {
    this.name = name;
    this.database = `bowline:${name}`;
  }

  async open(): Promise<Iterable<StoredRecord>> {
    this.unlock = await lock(this.name, this.database).catch((error: unknown) => {
      throw this.errorOf(error);
    });
    try {
      const connection = await this.connect();
      const records = connection.transaction(RECORDS).objectStore(RECORDS);
      const [keys, values] = await Promise.all([result(records.getAllKeys()), result(records.getAll())]);
      return keys.map((key, i) => [key as string, values[i] as Uint8Array]);
    } catch (error) {
      await this.close();
      throw this.errorOf(error);
    }
  }

  async write(changes: readonly StoreChange[]): Promise<void> {
    if (this.unlock === undefined) throw storeError("STORE_FAILED", { detail: `${this.name} is closed` });
    try {
      const connection = this.connection ?? (await this.connect());
      // Without `strict` the browser answers before the disk has it.
      const transaction = connection.transaction(RECORDS, "readwrite", { durability: "strict" });
      const records = transaction.objectStore(RECORDS);
      for (const [key, value] of changes) {
        if (value === undefined) records.delete(key);
        else records.put(value, key);
      }
      await finished(transaction);
    } catch (error) {
      throw this.errorOf(error);
    }
  }

  async close(): Promise<void> {
    this.connection?.close();
    this.connection = undefined;
    this.unlock?.();
    this.unlock = undefined;
  }

  private async connect(): Promise<IDBDatabase> {
    const request = indexedDB.open(this.database, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(RECORDS);
    const connection = await result(request);
    // Who deletes the database, or clears what the site stored, shall not wait for us; the next write opens it anew.
    const forget = (): void => {
      if (this.connection === connection) this.connection = undefined;
    };
    connection.onclose = forget;
    connection.onversionchange = () => {
      connection.close();
      forget();
    };
    this.connection = connection;
    return connection;
  }

  private errorOf(cause: unknown): Error {
    if (MqttError.is(cause)) return cause;
    const { name } = cause as DOMException;
    const code = name === "QuotaExceededError" ? "STORE_FULL" : name === "VersionError" ? "STORE_NEWER" : "STORE_FAILED";
    return storeError(code, { detail: this.name, cause });
  }
}

/** Takes the lock, or says who might have it. The answer gives it back. */
async function lock(name: string, database: string): Promise<() => void> {
  const locks = globalThis.navigator?.locks as LockManager | undefined;
  if (locks === undefined || globalThis.indexedDB === undefined) {
    const detail = `${name}: IndexedDB and Web Locks need a page of https or localhost`;
    throw storeError("STORE_FAILED", { detail, retry: "new-input" });
  }
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), LOCK_WAIT_MS);
  try {
    return await new Promise((resolve, reject) => {
      const hold = (): Promise<void> => new Promise((unlock) => resolve(unlock));
      locks.request(database, { signal: patience.signal }, hold).catch(reject);
    });
  } catch (cause) {
    const isPatienceOver = patience.signal.aborted;
    throw isPatienceOver ? storeError("STORE_IN_USE", { detail: `${name}, in another tab or worker` }) : cause;
  } finally {
    clearTimeout(timer);
  }
}

function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("no reason given"));
  });
}

function finished(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error("no reason given"));
  });
}
