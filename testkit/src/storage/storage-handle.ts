import type { Storage } from "@bowline/broker/internal";

/** One store under test, which may be closed and opened again. */
export interface StorageHandle {
  /** Opens it; what was committed by an earlier storage of this handle is there. At most one is open at a time. */
  open(): Promise<Storage>;
  /** Removes everything it kept; called after the last storage was closed. */
  dispose(): Promise<void>;
}
