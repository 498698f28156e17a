import { constants } from "node:os";
import { type Database, open, type RootDatabase, type RootDatabaseOptionsWithPath } from "lmdb";
import { DiskRoom } from "./disk-room.ts";
import { FinishedWrites } from "./finished-writes.ts";
import { endOfPrefix } from "./store-keys.ts";

/**
 * LMDB, all of it: nothing else imports it but for its types. What it promises to the files around it: operations given to one `write`
 * are one transaction, written and flushed on other threads, and `progress` hears exactly one end of it.
 *
 * Its traps, and where they end here:
 * - A second process can open and write the same store: store-lock.ts comes first, always.
 * - A failed commit rejects two promises, one of them hidden in `commitError`, which ends the process when nobody catches it; it
 *   also prints to the console. The promise of a commit, moreover, is kept only after the flush, so that "committed" and "flushed"
 *   cannot be told apart. Both are why `env.startWriting` is wrapped below: it hears the writer thread's states themselves.
 * - A synchronous transaction may interrupt an asynchronous one in its middle and commit the first half alone, so there are none
 *   after `open`.
 * - Errors inside a cursor end an iteration as if there were no more rows, so rows are counted against the tree's own number.
 * - `close` waits for a flush that never comes when the last commit failed: a failed commit is reported to LMDB's JavaScript side
 *   as ended, so that its waiters go on.
 * - A refused write may end the process, so room is looked for before: disk-room.ts.
 * - Finished writes hold the ones after them until a full collection of garbage: finished-writes.ts lets them go.
 * - The file grows without bound (`mapSize` is no limit in this version) and never shrinks; `usedBytes` counts what is in use.
 */
export const Table = {
  Meta: 0,
  Messages: 1,
  Sessions: 2,
  Subscriptions: 3,
  Queue: 4,
  Inbound: 5,
  Retained: 6,
  Users: 7,
  Rules: 8,
} as const;
export type Table = (typeof Table)[keyof typeof Table];

/** The names are part of the stored format. */
export const tableNames: readonly string[] = [
  "meta",
  "messages",
  "sessions",
  "subscriptions",
  "queue",
  "inbound",
  "retained",
  "users",
  "rules",
];

/**
 * Those that came after the first release of the format, by name: a store that lacks one has no such rows, and gets the table when it
 * is opened. See `formatVersion` for when a new kind of row may be one of these.
 */
const laterTables: ReadonlySet<string> = new Set<string>();

export interface StoreOperation {
  table: Table;
  key: Uint8Array;
  /** Undefined deletes the row. */
  record: Uint8Array | undefined;
}

/** Hears what becomes of one transaction: `visible` then `flushed`, or `failed` instead of either. */
export interface WriteProgress {
  /** Readers see it and a crash of this process no longer loses it. The next transaction may be written now. */
  visible(): void;
  /** It is on the disk. */
  flushed(): void;
  /** `code` is an errno or LMDB's own negative number. */
  failed(code: number): void;
}

/** What lmdb calls its writer thread with: an LMDB error, or one of these. */
const writerIsDone = 0;
const writerIsVisible = 1;
const writerWantsCallback = 2;

const pageBytes = 4_096;

/** Private to lmdb, like the list in finished-writes.ts and nothing else; the version is pinned, and lmdb-store.test.ts fails when this changes. */
interface NativeEnvironment {
  startWriting(address: number, callback: (status: number) => unknown): unknown;
}

/** Why a table could not be read to its end. */
export class MissingRows extends Error {
  override readonly name: string = "MissingRows";
}

export interface OpenStoreOptions {
  /** False: a missing table is damage, and nothing is written but tables that came later. */
  create: boolean;
  /** It may be open elsewhere: what is read is as of one moment, and no writer waits. */
  readOnly?: boolean;
  /** The tables that the store may lack. */
  laterTables?: ReadonlySet<string>;
}

export class LmdbStore {
  readonly #root: RootDatabase<Buffer, Buffer>;
  readonly #tables: readonly Database<Buffer, Buffer>[];
  readonly #room: DiskRoom;
  #next: WriteProgress | undefined;

  private constructor(root: RootDatabase<Buffer, Buffer>, tables: Database<Buffer, Buffer>[], directory: string) {
    this.#root = root;
    this.#tables = tables;
    this.#room = new DiskRoom(directory);
    this.#listenToWriter();
  }

  /**
   * Opens the store in a folder that exists.
   *
   * @throws Error with LMDB's number or an errno as `code`
   */
  static open(directory: string, { create, readOnly = false, laterTables: later = laterTables }: OpenStoreOptions): LmdbStore {
    const tableOptions = { encoding: "binary", keyEncoding: "binary" } as const;
    const root = open<Buffer, Buffer>({
      ...tableOptions,
      create,
      path: directory,
      maxDbs: tableNames.length + 1,
      permissionsMode: 0o600,
      readOnly,
      eventTurnBatching: false,
      noSubdir: false,
    } as RootDatabaseOptionsWithPath);
    const tables = tableNames.map((name): Database<Buffer, Buffer> | undefined => {
      // `create` is missing in the library's type, and without it a missing table is no error.
      const options: object = { ...tableOptions, create: create || (later.has(name) && !readOnly) };
      return root.openDB<Buffer, Buffer>(name, options);
    });
    const isWhole = tables.every((table, index) => table !== undefined || later.has(tableNames[index] as string));
    // Where it is only read, a table that came later may be missing, and nothing is asked of it.
    if (isWhole) return new LmdbStore(root, tables as Database<Buffer, Buffer>[], directory);
    void root.close();
    throw new MissingRows("a table is missing");
  }

  /**
   * Starts one transaction of all the operations. The next call must wait until this one is visible or has failed; the bytes
   * must not change before that. Without room it fails at once.
   */
  write(operations: readonly StoreOperation[], progress: WriteProgress): void {
    if (!this.#room.has(growth(operations))) return progress.failed(constants.errno.ENOSPC);
    this.#next = progress;
    const end = this.#root.batch(() => {
      for (const { table, key, record } of operations) {
        const database = this.#tables[table] as Database<Buffer, Buffer>;
        if (record === undefined) void database.remove(key as Buffer);
        else void database.put(key as Buffer, record as Buffer);
      }
    });
    end.catch(ignoreBecauseTheWriterTold);
  }

  /** The bytes are a copy. Sees every visible transaction. */
  get(table: Table, key: Uint8Array): Uint8Array | undefined {
    return this.#tables[table]?.getBinary(key as Buffer);
  }

  /**
   * Calls `visit` with each row of a table in order of keys, or from the end.
   *
   * @throws MissingRows when the tree has another number of rows than could be read
   */
  readTable(table: Table, visit: (key: Uint8Array, record: Uint8Array) => void, reverse: boolean = false): void {
    const database = this.#tables[table] as Database<Buffer, Buffer>;
    const expected = this.rowCount(table);
    let count = 0;
    for (const { key, value } of database.getRange({ reverse })) {
      count += 1;
      // A damaged tree may lead in a circle.
      if (count > expected) break;
      visit(key, value);
    }
    if (count !== expected) throw new MissingRows(`table ${tableNames[table]}: ${count} of ${expected} rows could be read`);
  }

  /**
   * The same from one key to another, the last not included, or downwards. Rows that are missing go unnoticed.
   *
   * @throws MissingRows when more come than the tree has
   */
  readRange(
    table: Table,
    { from, to, reverse }: { from: Uint8Array; to: Uint8Array; reverse: boolean },
    visit: (key: Uint8Array, record: Uint8Array) => void,
  ): void {
    const database = this.#tables[table] as Database<Buffer, Buffer>;
    let left = this.rowCount(table);
    for (const { key, value } of database.getRange({ start: from as Buffer, end: to as Buffer, reverse })) {
      if (left-- === 0) throw new MissingRows(`table ${tableNames[table]} leads in a circle`);
      visit(key, value);
    }
  }

  /** The first keys that begin with `prefix`, at most `limit`. */
  keysBelow(table: Table, prefix: Uint8Array, limit: number): Uint8Array[] {
    const database = this.#tables[table] as Database<Buffer, Buffer>;
    return [...database.getKeys({ start: prefix as Buffer, end: endOfPrefix(prefix), limit })];
  }

  rowCount(table: Table): number {
    return statisticsOf(this.#tables[table] as Database<Buffer, Buffer>).entryCount;
  }

  /** Makes a copy as of one moment in a folder, on another thread and without the free pages. The copy is not flushed. */
  async copyTo(directory: string): Promise<void> {
    await this.#root.backup(directory, true);
  }

  /** The size of the file as far as it was ever used. */
  get fileBytes(): number {
    const { lastPageNumber, pageSize } = statisticsOf(this.#tables[Table.Meta] as Database<Buffer, Buffer>);
    return (lastPageNumber + 1) * pageSize;
  }

  /** Bytes of the pages that hold rows. The file may be larger: it keeps free pages for later rows. */
  get usedBytes(): number {
    let pages = 0;
    let pageSize = 0;
    for (const table of this.#tables) {
      const statistics = statisticsOf(table);
      pageSize = statistics.pageSize;
      pages += statistics.treeBranchPageCount + statistics.treeLeafPageCount + statistics.overflowPages;
    }
    return pages * pageSize;
  }

  /** Waits for the writer and its flush, then lets the files go. */
  async close(): Promise<void> {
    await this.#root.close();
  }

  #listenToWriter(): void {
    const environment = (this.#root as unknown as { env: NativeEnvironment }).env;
    const startWriting = environment.startWriting.bind(environment);
    const root = this.#root;
    const finished = new FinishedWrites(root);
    const wrapped = (address: number, callback: (status: number) => unknown): unknown => {
      const progress = this.#next;
      let isVisible = false;
      const becomeVisible = (): void => {
        if (isVisible) return;
        isVisible = true;
        // Reads of this turn may have begun before the commit, and would not see it.
        root.resetReadTxn();
        progress?.visible();
      };
      return startWriting(address, (status) => {
        const isFailure = status !== writerIsDone && status !== writerIsVisible && status !== writerWantsCallback;
        const answer = callback(isFailure ? writerIsDone : status);
        finished.forget();
        if (isFailure) progress?.failed(status);
        else if (status !== writerWantsCallback) becomeVisible();
        if (status === writerIsDone) progress?.flushed();
        return answer;
      });
    };
    Object.defineProperty(environment, "startWriting", { value: wrapped, configurable: true });
  }
}

interface Statistics {
  entryCount: number;
  lastPageNumber: number;
  pageSize: number;
  treeBranchPageCount: number;
  treeLeafPageCount: number;
  overflowPages: number;
}

function statisticsOf(table: Database<Buffer, Buffer>): Statistics {
  return table.getStats() as Statistics;
}

/** At most, but for copies of pages that are there: a large record has pages of its own, and pages of small ones may be half empty. */
function growth(operations: readonly StoreOperation[]): number {
  let sum = 0;
  for (const { record } of operations) if (record !== undefined) sum += record.length + Math.min(record.length, pageBytes);
  return sum;
}

function ignoreBecauseTheWriterTold(): void {}
