import { MqttError, type MqttErrorOptions } from "@bowline/protocol";

type StoreCode = "STORE_IN_USE" | "STORE_DAMAGED" | "STORE_NEWER" | "STORE_UNREADABLE" | "STORE_FULL" | "STORE_FAILED";

/** What a page's catalogue leaves out, since pages without a store never meet it: retry class and what to do. */
const KNOWN: Readonly<Record<StoreCode, readonly [MqttError["retry"], string]>> = {
  STORE_IN_USE: ["new-input", "End the other client, or give this one a store of another name."],
  STORE_DAMAGED: ["never", "Keep a copy of the store, and begin with an empty one."],
  STORE_NEWER: ["new-input", "Use that version or a newer one."],
  STORE_UNREADABLE: ["new-input", "Check that this program may read and write there."],
  STORE_FULL: ["backoff", "Free space; the client tries again by itself."],
  STORE_FAILED: ["backoff", "Look at the cause; the client tries again by itself."],
};

/** The error of a store, the same in Node and in a page. */
export function storeError(code: StoreCode, options: MqttErrorOptions): MqttError {
  const [retry, remedy] = KNOWN[code];
  return new MqttError(code, { stage: "storage", source: "local", retry, remedy, ...options });
}

/** What a store rejected with, as an error of ours. */
export function asStoreError(name: string, cause: unknown): MqttError {
  return MqttError.is(cause) ? cause : storeError("STORE_FAILED", { detail: name, cause });
}
