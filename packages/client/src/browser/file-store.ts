import { MqttError } from "@bowline/protocol";
import type { SessionStore } from "../store/session-store.ts";

/** What a page gets for `fileStore`. */
export class FileStore implements SessionStore {
  readonly name: string;

  constructor(folder: string) {
    this.name = folder;
  }

  open(): Promise<never> {
    return Promise.reject(new MqttError("OPTION_INVALID", { detail: "fileStore needs Node; a page has indexedDbStore" }));
  }

  async write(): Promise<void> {}
  async close(): Promise<void> {}
}
