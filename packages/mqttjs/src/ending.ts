import { callSafely } from "@bowline/client/internal";
import type { AttemptFailure } from "@bowline/client";
import type { CoreState, Ending } from "./core-state.ts";
import { IDLE, LEAVING, LEAVING_CONNECTED } from "./phase.ts";
import { toProperties } from "./properties.ts";

/** What the server sent together with the last acknowledgement is still delivered before the client says goodbye. */
const LINGER_MS = 10;

/** As in MQTT.js: a client that does not come back and keeps no session says so of its messages as soon as it cuts the connection. */
export function giveUp(core: CoreState): void {
  if (core.options.reconnectPeriod !== 0 || core.options.clean === false) return;
  const error = new Error("Connection closed");
  core.subscriptions.disconnected(error);
  core.outbox.failAll(error, false);
}

/** The socket is closed. */
export function closed(core: CoreState, failure?: AttemptFailure): void {
  const retryInMs = core.ending === undefined ? failure?.retryInMs : undefined;
  if (retryInMs === undefined) {
    core.phase = IDLE;
    // It gave up: nothing comes back by itself.
    if (failure !== undefined) core.isReconnecting = false;
    // Through the client, where an application may have put a method of its own.
  } else core.phase = { kind: "waiting", timer: core.clock.setTimer(() => core.client._reconnect(), retryInMs) };
  core.subscriptions.disconnected(new Error("Connection closed"));
  const { stream } = core;
  core.tell("close");
  callSafely(() => stream.closed(), undefined);
  if (core.ending !== undefined) finish(core);
  else if (core.comesBack) {
    core.comesBack = false;
    core.begin();
  }
}

/** Something was acknowledged or sent: there may be room again, and a client that is to end may be done. */
export function progress(core: CoreState): void {
  const { ending, phase, outbox } = core;
  if (outbox.drained()) core.tell("drain");
  if (ending === undefined || phase.kind !== "online") return;
  core.clock.clearTimer(ending.timer);
  if (!core.isIdle) awaitProgress(core, ending);
  else {
    if (ending.hasWaited) core.tell("outgoingEmpty");
    ending.timer = core.clock.setTimer(() => leave(core, false), LINGER_MS);
  }
}

/** A server that does not answer must not keep the client from ending. */
export function awaitProgress(core: CoreState, ending: Ending): void {
  core.clock.clearTimer(ending.timer);
  ending.timer = core.clock.setTimer(() => leave(core, false), core.options.bowline?.drainTimeoutMs ?? 5000);
}

/** Closes the connection or the attempt. */
export function leave(core: CoreState, force: boolean): void {
  const { phase, ending } = core;
  if (ending === undefined || phase.kind === "leaving") return;
  core.clock.clearTimer(ending.timer);
  core.phase = phase.kind === "online" ? LEAVING_CONNECTED : LEAVING;
  if (phase.kind !== "online" && phase.kind !== "connecting") {
    finishSoon(core);
    return;
  }
  const { connection } = phase;
  const { reasonCode = 0, properties } = ending.packet;
  const released = force ? connection.destroy() : connection.disconnect(reasonCode, toProperties(properties));
  core.packets.showSent();
  void released.then(() => closed(core));
}

export function finishSoon(core: CoreState): void {
  core.phase = LEAVING;
  queueMicrotask(() => finish(core));
}

function finish(core: CoreState): void {
  const { ending, stores } = core;
  if (ending === undefined || ending.isLast) return;
  core.rules?.stop();
  ending.isLast = true;
  core.clock.clearTimer(ending.timer);
  if (stores === undefined) finished(core, ending);
  else stores.close((error) => finished(core, ending, error));
}

/** @param error the application's stores could not be closed */
function finished(core: CoreState, ending: Ending, error?: Error): void {
  core.ending = undefined;
  core.stores = core.givenStores();
  core.keeping = [];
  core.phase = IDLE;
  core.hasEnded = true;
  core.isReconnecting = false;
  core.tell("end");
  for (const callback of ending.callbacks) callSafely(() => callback?.(error), undefined);
  // As in MQTT.js: a client that only its application brings back is as new.
  const { reconnectPeriod, manualConnect } = core.options;
  if (reconnectPeriod === 0 || manualConnect === true) core.isDisconnecting = false;
  // An application that came back meanwhile still waits for what is unacknowledged.
  if (!core.comesBack && core.hasEnded) core.outbox.failAll(new Error("Connection closed"), core.options.clean === false);
  if (!core.comesBack) return;
  core.comesBack = false;
  core.isDisconnecting = false;
  core.hasEnded = false;
  const isTold = !core.tellsReconnect;
  core.tellsReconnect = false;
  if (!isTold) core.tell("reconnect");
  // A listener may have ended the client.
  if (core.ending === undefined) core.begin();
}
