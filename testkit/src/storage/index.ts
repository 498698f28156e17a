export type { StorageHandle } from "./storage-handle.ts";
export { storageEqualsModel } from "./storage-property.ts";
export { storageSuite } from "./storage-suite.ts";
export { readStore, visitorInto, type StoreContent } from "./read-store.ts";
export { aMessage, aQueueEntry, aRule, aSession, aSubscription, aUser, bytesOf } from "./storage-rows.ts";
export { fillStorage, OTHER_ROWS, ROWS_EACH } from "./filled-storage.ts";
export { changed, damagesOf, noiseOf, PAGE_BYTES } from "./file-damages.ts";
export { CrashingProcess } from "./crashing-process.ts";
export { lastWholeUnit } from "./last-whole-unit.ts";
