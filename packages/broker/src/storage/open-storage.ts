import type { MigrationReport } from "./lmdb/migrate-store.ts";
import { openLmdbStorage } from "./lmdb/open-lmdb-storage.ts";
import type { SalvageReport } from "./lmdb/salvage-store.ts";
import { MemoryStorage } from "./memory-storage.ts";
import type { Durability, Storage } from "./storage.ts";

/** 64 GiB: far above what a broker keeps that somebody looks after, and below most disks. */
export const DEFAULT_MAXIMUM_BYTES: number = 64 * 2 ** 30;

/** Where and how the embedded store is kept. */
export interface StoreOptions {
  /** The store's own folder, made with mode 0700 when it is missing. */
  directory: string;
  /** Default `durable`. */
  durability?: Durability;
  /** Bytes of rows, above which the store takes nothing that grows; default 64 GiB. */
  maximumBytes?: number;
  /** What to do with a damaged store: `refuse` (default) with STORE_DAMAGED, or `salvage` what can still be read. */
  onDamage?: "refuse" | "salvage";
  /** Told what a salvage kept and lost, before openStorage resolves. */
  onSalvaged?: (report: SalvageReport) => void;
  /** Told that a store of an older format was brought up to date, before openStorage resolves. */
  onMigrated?: (report: MigrationReport) => void;
}

/**
 * Opens the storage of a broker. The caller sets `onCommitted` and `onHealth`, then calls `load` once.
 *
 * @throws MqttError STORE_IN_USE, STORE_NEWER, STORE_OLDER, STORE_DAMAGED, STORE_UNREADABLE, STORE_FULL
 */
export async function openStorage(options: StoreOptions | "memory"): Promise<Storage> {
  if (options === "memory") return new MemoryStorage();
  return openLmdbStorage({
    directory: options.directory,
    durability: options.durability ?? "durable",
    maximumBytes: options.maximumBytes ?? DEFAULT_MAXIMUM_BYTES,
    onDamage: options.onDamage ?? "refuse",
    onSalvaged: options.onSalvaged ?? (() => {}),
    onMigrated: options.onMigrated ?? (() => {}),
    retryDelayMs: 5_000,
  });
}
