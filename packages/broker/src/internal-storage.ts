/* Of the inside, the stores alone, for processes that are started often. */

export { backupStore, restoreStore } from "./storage/lmdb/backup-store.ts";
export { salvageUnused } from "./storage/lmdb/salvage-store.ts";
export { openStorage } from "./storage/open-storage.ts";
export type { Storage } from "./storage/storage.ts";
