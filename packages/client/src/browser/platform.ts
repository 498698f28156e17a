import type { Platform } from "../platform.ts";
import { dialBrowserWebSocket } from "./browser-web-socket.ts";
import { diagnoseLoaded } from "./diagnose-loaded.ts";

/** Pages, workers, React Native: whatever has the standard WebSocket and nothing else to connect with. */
export const platform: Platform = {
  dial: dialBrowserWebSocket,
  diagnose: diagnoseLoaded,
  prepare: () => undefined,
  onlyWebSockets: true,
  pageUrl: () => globalThis.location?.href,
  onWake,
};

/**
 * `online` and `resume` and a page that becomes visible all mean that a delay chosen before is no longer worth waiting for.
 * Workers and React Native lack some of these targets.
 */
function onWake(listener: () => void): () => void {
  const scope = globalThis as unknown as Partial<Window>;
  const page = globalThis.document as Document | undefined;
  const visible = (): void => {
    if (page?.visibilityState === "visible") listener();
  };
  scope.addEventListener?.("online", listener);
  page?.addEventListener?.("resume", listener);
  page?.addEventListener?.("visibilitychange", visible);
  return () => {
    scope.removeEventListener?.("online", listener);
    page?.removeEventListener?.("resume", listener);
    page?.removeEventListener?.("visibilitychange", visible);
  };
}
