import type { HostWatcher, Platform } from "../platform.ts";
import { dialBrowserWebSocket } from "./browser-web-socket.ts";
import { judgeLoaded } from "./judge-loaded.ts";

/** Pages, workers, React Native: whatever has the standard WebSocket and nothing else to connect with. */
export const platform: Platform = {
  dial: dialBrowserWebSocket,
  judge: judgeLoaded,
  prepare: () => undefined,
  onlyWebSockets: true,
  pageUrl: () => globalThis.location?.href,
  watchHost,
};

/**
 * `online`, `resume` and a page that is seen again all mean that a delay chosen before is no longer worth waiting for; `pagehide` and
 * `freeze` are the last chance to send. Workers and React Native lack some of these targets.
 */
function watchHost(watcher: HostWatcher): () => void {
  const controller = new AbortController();
  const { signal } = controller;
  const wake = (): void => watcher.wake();
  const scope = globalThis as unknown as Partial<Window>;
  const page = globalThis.document as Document | undefined;
  scope.addEventListener?.("online", wake, { signal });
  scope.addEventListener?.("pageshow", ({ persisted }) => persisted && wake(), { signal });
  scope.addEventListener?.("pagehide", ({ persisted }) => watcher.hide(persisted ? "kept" : "gone"), { signal });
  page?.addEventListener?.("freeze", () => watcher.hide("frozen"), { signal });
  page?.addEventListener?.("resume", wake, { signal });
  page?.addEventListener?.("visibilitychange", () => page.visibilityState === "visible" && wake(), { signal });
  return () => controller.abort();
}
