import { closeSync, linkSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { MqttError } from "@bowline/protocol";
import { buildStore, metaOperation, rowsAtATime, write } from "./build-store.ts";
import { type LmdbStore, type StoreOperation, Table, tableNames } from "./lmdb-store.ts";
import { decodeMessage, decodeMeta, decodeQueueEntry, decodeRetained, decodeSession, type MetaRow } from "./records.ts";
import { hasData } from "./clean-mark.ts";
import { readSpool, type SpoolRow } from "./salvage-spool.ts";
import { StoreLock } from "./store-lock.ts";
import { formatVersion, type StoreFormats, storeFormats } from "./store-format.ts";
import { SalvagedTable } from "./salvage-table.ts";
import { damaged, verifyStore } from "./verify-store.ts";

interface TableCount {
  /** How many rows the store said it had; undefined when it could not say. */
  expected: number | undefined;
  kept: number;
}

export interface SalvageReport {
  /** By name of the table. A kept row is sound; a queued or retained message that is lost itself takes the rows naming it along. */
  tables: Record<string, TableCount>;
  /** Where the damaged file went; it is never deleted. */
  damagedFile: string;
}

/** Ids of lost rows must not be given again; nobody knows them when the row that counts them is lost too. */
const idsToSkip = 2 ** 32;

/**
 * Makes a new store of every row of a damaged one that can still be read, and moves the damaged file aside. The caller holds the lock.
 */
async function salvageStore(directory: string): Promise<SalvageReport> {
  const damagedFile = join(directory, `damaged-${new Date().toISOString().replaceAll(":", "-")}.mdb`);
  const spoolPath = join(directory, "salvage.spool");
  rmSync(spoolPath, { force: true });
  const tables: SalvageReport["tables"] = {};
  for (const name of tableNames) {
    const table = new SalvagedTable(directory, name, spoolPath);
    await table.spool();
    tables[name] = { expected: table.expected, kept: 0 };
  }
  try {
    await buildStore(directory, async (store) => {
      await fillFrom(spoolPath, store);
      for (const [table, name] of tableNames.entries())
        tables[name] = { ...tables[name], kept: store.rowCount(table as Table) } as TableCount;
      linkSync(join(directory, "data.mdb"), damagedFile);
    });
  } finally {
    rmSync(spoolPath);
  }
  return { tables, damagedFile };
}

/**
 * Salvages a store that nobody uses, if its walk finds it damaged; undefined when it is sound, and then nothing has changed.
 *
 * @throws MqttError STORE_UNREADABLE, STORE_IN_USE, STORE_NEWER
 */
export async function salvageUnused(directory: string): Promise<SalvageReport | undefined> {
  if (!hasData(directory)) throw new MqttError("STORE_UNREADABLE", { detail: `there is no store in ${directory}` });
  const lock = StoreLock.acquire(directory);
  try {
    return await salvageIfDamaged(directory);
  } finally {
    lock.release();
  }
}

/** The same for one who holds the lock. */
export async function salvageIfDamaged(
  directory: string,
  formats: StoreFormats = storeFormats,
): Promise<SalvageReport | undefined> {
  try {
    await verifyStore(directory, formats);
    return undefined;
  } catch (error) {
    if (!MqttError.is(error) || error.code !== "STORE_DAMAGED") throw error;
    return salvageStore(directory);
  }
}

/** What the rows of a spool say about each other. */
interface Known {
  messages: Set<number>;
  meta: MetaRow | undefined;
  highestSessionId: number;
}

/** Two passes: which messages there are, then every row but those that name a lost one. Rows read twice are put twice, which is once. */
async function fillFrom(spoolPath: string, store: LmdbStore): Promise<void> {
  const known: Known = { messages: new Set(), meta: undefined, highestSessionId: 0 };
  for (const row of rowsOf(spoolPath)) note(row, known);
  // Rows of another format are not ours to judge.
  if (known.meta !== undefined && known.meta.format !== formatVersion)
    throw damaged(`its format is ${known.meta.format}; salvage it with the version that wrote it`);
  let operations: StoreOperation[] = [metaOperation(nextIds(known))];
  for (const row of rowsOf(spoolPath)) {
    if (row.table === Table.Meta || isDangling(row, known)) continue;
    operations.push(row);
    if (operations.length < rowsAtATime) continue;
    await write(store, operations);
    operations = [];
  }
  await write(store, operations);
}

function note({ table, key, record }: SpoolRow, known: Known): void {
  if (table === Table.Meta) known.meta = decodeMeta(key, record);
  else if (table === Table.Messages) known.messages.add(decodeMessage(key, record).id);
  else if (table === Table.Sessions) known.highestSessionId = Math.max(known.highestSessionId, decodeSession(key, record).id);
}

function nextIds({ meta, messages, highestSessionId }: Known): MetaRow {
  if (meta !== undefined) return meta;
  let highestMessageId = 0;
  for (const id of messages) highestMessageId = Math.max(highestMessageId, id);
  return { format: formatVersion, nextMessageId: highestMessageId + idsToSkip, nextSessionId: highestSessionId + idsToSkip };
}

/** The owner of the storage relies on every message that is named to be there. */
function isDangling({ table, key, record }: SpoolRow, { messages }: Known): boolean {
  if (table === Table.Retained) return !messages.has(decodeRetained(key, record).messageId);
  if (table !== Table.Queue) return false;
  const { messageId } = decodeQueueEntry(key, record).entry;
  return messageId !== 0 && !messages.has(messageId);
}

function* rowsOf(spoolPath: string): Generator<SpoolRow> {
  const file = openSync(spoolPath, "a+", 0o600);
  try {
    yield* readSpool(file);
  } finally {
    closeSync(file);
  }
}
