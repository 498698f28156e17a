export * from "./storage/storage.ts";
export { MemoryStorage, type MemoryStorageOptions } from "./storage/memory-storage.ts";
export { StoreImage } from "./storage/store-image.ts";
export { openStorage, type StoreOptions } from "./storage/open-storage.ts";
