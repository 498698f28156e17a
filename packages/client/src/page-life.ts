import { platform } from "#platform";
import type { ClientState } from "./client-state.ts";
import type { Hiding } from "./platform.ts";

/** Lets the client live with its page; the answer ends that. */
export function watchPage(core: ClientState): () => void {
  return platform.watchHost({ wake: () => wake(core), hide: (how) => hide(core, how) });
}

/** The host woke up: what was waited for or believed before is out of date. */
function wake(core: ClientState): void {
  const { connection, isHidden } = core;
  const { state } = core.status;
  const wasAway = isHidden && state === "connecting" && connection === undefined;
  core.isHidden = false;
  core.wokeAt = core.clock.now();
  if (state === "waiting" || wasAway) core.begin();
  else connection?.probe();
}

/** The last moment of a page at which anything can be sent. */
function hide(core: ClientState, how: Hiding): void {
  const { connection, options, isHidden, isEnding } = core;
  core.isHidden = true;
  const onPageHide = options.onPageHide ?? (options.will === undefined ? "disconnect" : "will");
  const leavesWill = onPageHide === "will" && !isEnding;
  // Chromium keeps the connections of a page that it keeps, so that the will would wait for Keep Alive: they end when the page, which
  // was left, is frozen, after the listeners of the application had their say.
  if (connection === undefined || (leavesWill && !(isHidden && how === "frozen"))) return;
  if (leavesWill) void connection.destroy();
  else core.sayGoodbye(isEnding || how === "gone");
  if (isEnding) return;
  core.drop();
  core.controller.abort();
  core.setStatus({ state: "connecting", attempt: 1 });
}
