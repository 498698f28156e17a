/** A change that was prepared, with everything of it that can fail behind it. Exactly one of the two is called, once. */
export interface Staged {
  /** Puts it in force. Synchronous and never throws, so that several take effect together. */
  commit(): void;
  /** Gives up what was opened for it. */
  undo(): void | Promise<void>;
}
