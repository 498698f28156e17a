import type { SessionStore } from "./session-store.ts";

/**
 * Keeps the session in a folder of its own, made when it is missing: an append-only log, written through to the disk. For one
 * client of one process at a time. Node, Deno and Bun.
 *
 * @example
 * connect(url, { session: { clientId: "meter-7", store: fileStore("/var/lib/meter/session") } });
 * @public
 */
export function fileStore(folder: string): SessionStore {
  return onDemand(folder, async () => new (await import("#file-store")).FileStore(folder));
}

/**
 * Keeps the session in an IndexedDB database of the page's origin. For one client of one tab or worker at a time, by Web Locks,
 * which browsers give to secure contexts only (https and localhost).
 *
 * @public
 */
export function indexedDbStore(name: string): SessionStore {
  return onDemand(name, async () => new (await import("./indexed-db-store.ts")).IndexedDbStore(name));
}

/**
 * Keeps the session as long as the object lives: one client of a process can hand its session to the next.
 *
 * @public
 */
export function memoryStore(name = "memory"): SessionStore {
  return onDemand(name, async () => new (await import("./memory-store.ts")).MemoryStore(name));
}

/** What a page does not use it does not load. */
function onDemand(name: string, load: () => Promise<SessionStore>): SessionStore {
  let store: SessionStore | undefined;
  return {
    name,
    open: async () => (store ??= await load()).open(),
    write: async (changes) => (store as SessionStore).write(changes),
    close: async () => store?.close(),
  };
}
