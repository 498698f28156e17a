import { platform } from "#platform";
import type { Clock } from "@bowline/protocol/internal";
import type { ConnectOptions } from "../options.ts";
import type { KeptOutbox, Keeper } from "./keeper.ts";
import { SessionKeeper } from "./session-keeper.ts";
import type { SessionStore } from "./session-store.ts";
import { asStoreError, storeError } from "./store-error.ts";
import { fileStore, indexedDbStore } from "./stores.ts";

/** A folder's name has at most 255 bytes on all systems. */
const LONGEST_NAME = 200;

/**
 * Opens the store that the options name; loaded only where they name one.
 *
 * @param clientId Used where neither the options nor the store have one.
 * @throws MqttError of the store; STORE_FAILED when it does not open within `limitMs`, and then it is let go once it has.
 */
export async function openKeeper(
  url: string,
  options: ConnectOptions,
  outbox: KeptOutbox,
  clientId: string,
  clock: Clock,
  limitMs: number,
): Promise<Keeper> {
  const given = options.session?.clientId || undefined;
  const store = options.session?.store ?? (await reliableStore(url, given));
  const opening = SessionKeeper.open(store, outbox, given, clientId, clock);
  let isLate = false;
  return await new Promise((resolve, reject) => {
    const timer = clock.setTimer(() => {
      isLate = true;
      reject(storeError("STORE_FAILED", { detail: `${store.name} did not open within ${limitMs} ms` }));
    }, limitMs);
    opening.then(
      (keeper) => {
        clock.clearTimer(timer);
        if (isLate) void keeper.close();
        else resolve(keeper);
      },
      (error: unknown) => {
        clock.clearTimer(timer);
        reject(asStoreError(store.name, error));
      },
    );
  });
}

/** The store of `reliable: true`. Messages for one server must never go to another, so its name has the server. */
async function reliableStore(url: string, clientId = "default"): Promise<SessionStore> {
  const { host } = new URL(url, platform.pageUrl());
  const name = await shortened(encodeURIComponent(`${clientId}@${host}`).replaceAll("*", "%2A"));
  return platform.onlyWebSockets ? indexedDbStore(name) : fileStore(`.bowline-sessions/${name}`);
}

async function shortened(name: string): Promise<string> {
  if (name.length <= LONGEST_NAME) return name;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(name)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
