import { mkdirSync } from "node:fs";
import { constants } from "node:os";
import { type ErrorCode, MqttError } from "@bowline/protocol";
import type { Durability } from "../storage.ts";
import { hasData, isClean, removeCleanMark } from "./clean-mark.ts";
import { LmdbStorage } from "./lmdb-storage.ts";
import { buildStore, metaOperation, write } from "./build-store.ts";
import { LmdbStore, MissingRows, Table } from "./lmdb-store.ts";
import { decodeMeta, metaKey, type MetaRow } from "./records.ts";
import { StoreLock } from "./store-lock.ts";
import { salvageIfDamaged, type SalvageReport } from "./salvage-store.ts";
import { migrateStore, type MigrationReport } from "./migrate-store.ts";
import { checkFormat, formatVersion, type StoreFormats, storeFormats } from "./store-format.ts";
import { damaged, verifyStore } from "./verify-store.ts";

export interface OpenLmdbOptions {
  directory: string;
  durability: Durability;
  maximumBytes: number;
  onDamage: "refuse" | "salvage";
  /** Told what a salvage kept and lost. */
  onSalvaged: (report: SalvageReport) => void;
  /** Told that a store of an older format was brought up to date. */
  onMigrated?: (report: MigrationReport) => void;
  /** Ms between attempts while the disk is full. */
  retryDelayMs: number;
  /** Default: those of this version. */
  formats?: StoreFormats;
}

/**
 * Opens the embedded store: lock, walk after an unclean stop, version, one write as a proof that the disk takes it.
 *
 * @throws MqttError STORE_IN_USE, STORE_DAMAGED, STORE_NEWER, STORE_OLDER, STORE_UNREADABLE, STORE_FULL, DATA_DIR_UNWRITABLE, STORE_FAILED
 */
export async function openLmdbStorage(options: OpenLmdbOptions): Promise<LmdbStorage> {
  const { directory } = options;
  let lock: StoreLock | undefined;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    lock = StoreLock.acquire(directory);
    if (!hasData(directory)) await createStore(directory);
    else if (!isClean(directory)) await verifyOrSalvage(options);
    const { store, meta } = await openStore(options, options.formats ?? storeFormats);
    return new LmdbStorage({ ...options, store, lock, meta });
  } catch (error) {
    lock?.release();
    throw startUpError(error);
  }
}

async function verifyOrSalvage({ directory, onDamage, onSalvaged, formats }: OpenLmdbOptions): Promise<void> {
  if (onDamage === "refuse") return void (await verifyStore(directory, formats));
  const report = await salvageIfDamaged(directory, formats);
  if (report !== undefined) onSalvaged(report);
}

function createStore(directory: string): Promise<void> {
  return buildStore(directory, (store) =>
    write(store, [metaOperation({ format: formatVersion, nextMessageId: 1, nextSessionId: 1 })]),
  );
}

async function openStore(options: OpenLmdbOptions, formats: StoreFormats): Promise<{ store: LmdbStore; meta: MetaRow }> {
  const { directory } = options;
  const found = openWithMeta(directory);
  try {
    checkFormat(found.meta.format, formats);
  } catch (error) {
    await found.store.close();
    throw error;
  }
  const { store, meta } = found.meta.format === formats.current ? found : await migrated(found, options, formats);
  try {
    removeCleanMark(directory);
    await write(store, [metaOperation(meta)]);
    return { store, meta };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function migrated(
  { store, meta }: { store: LmdbStore; meta: MetaRow },
  { directory, onMigrated }: OpenLmdbOptions,
  formats: StoreFormats,
): Promise<{ store: LmdbStore; meta: MetaRow }> {
  await store.close();
  const report = await migrateStore(directory, meta, formats);
  onMigrated?.(report);
  return openWithMeta(directory);
}

function openWithMeta(directory: string): { store: LmdbStore; meta: MetaRow } {
  const store = LmdbStore.open(directory, { create: false });
  try {
    const record = store.get(Table.Meta, metaKey);
    if (record === undefined) throw new MissingRows("the version is missing");
    return { store, meta: decodeMeta(metaKey, record) };
  } catch (error) {
    void store.close();
    throw error;
  }
}

const codes: Readonly<Record<string, ErrorCode>> = {
  EACCES: "STORE_UNREADABLE",
  EPERM: "STORE_UNREADABLE",
  ENOTDIR: "STORE_UNREADABLE",
  EEXIST: "STORE_UNREADABLE",
  EROFS: "DATA_DIR_UNWRITABLE",
  ENOSPC: "STORE_FULL",
  EDQUOT: "STORE_FULL",
};

/** LMDB's own numbers for a file that is none of its own, or not whole. */
const notAStore: readonly unknown[] = [-30793, -30796, -30797];
const otherVersion = -30794;

function startUpError(error: unknown): MqttError {
  if (MqttError.is(error)) return error;
  if (error instanceof RangeError || error instanceof MissingRows) return damaged(error.message, error);
  const { code, message } = error as { code?: unknown; message: string };
  if (notAStore.includes(code)) return damaged(message, error);
  if (code === otherVersion) return new MqttError("STORE_NEWER", { detail: message, cause: error });
  const name = typeof code === "number" ? errnoName(code) : String(code);
  return new MqttError(codes[name] ?? "STORE_FAILED", { detail: message, cause: error });
}

function errnoName(number: number): string {
  return Object.entries(constants.errno).find(([, value]) => value === number)?.[0] ?? String(number);
}
