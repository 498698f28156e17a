/* Of the inside, the stores alone, for processes that are started often. */

export { openStorage } from "./storage/open-storage.ts";
export type { Storage } from "./storage/storage.ts";
