import { type DisconnectPacket, MqttError, PacketType } from "@bowline/protocol";
import { callSafely, type ConnectionEnd, errorOf, type Judgement, platform, toFailure } from "@bowline/client/internal";
import type { AttemptFailure } from "@bowline/client";
import type { CoreState } from "./core-state.ts";
import { closed, giveUp } from "./ending.ts";
import type { IConnackPacket, IDisconnectPacket } from "./packets.ts";
import { type Connected, LEAVING, LEAVING_CONNECTED } from "./phase.ts";
import { reportedError } from "./reported-error.ts";
import { retryDelay } from "./retry-delay.ts";
import { toPacket } from "./to-packet.ts";

/** A connection was lost, or an attempt ended that had dialled. */
export function connectionEnded(core: CoreState, end: ConnectionEnd): void {
  const { phase } = core;
  if (phase.kind !== "connecting" && phase.kind !== "online") return;
  const { target, connect, since } = phase.attempt;
  const wasOnline = phase.kind === "online";
  const msToFail = core.clock.now() - (wasOnline ? phase.since : since);
  const context = { target, connect, msToFail, nowMs: core.clock.wallTime(), previousAgesMs: core.previousAgesMs };
  const judgement = platform.judge(end, context);
  core.rules?.lost(wasOnline ? msToFail : undefined);
  if (wasOnline) core.previousAgesMs = [msToFail, ...core.previousAgesMs.slice(0, 4)];
  const told = (given: Judgement): void => judged(core, end, given, phase, msToFail);
  if (judgement instanceof Promise) {
    core.phase = wasOnline ? LEAVING_CONNECTED : LEAVING;
    void judgement.then(told);
  } else told(judgement);
}

/** Tells the end of an attempt or a connection. */
function judged(core: CoreState, end: ConnectionEnd, judgement: Judgement, phase: Connected, msToFail: number): void {
  const wasOnline = phase.kind === "online";
  const error = errorOf(end, judgement);
  const wasRefused = end.packet?.type === PacketType.CONNACK;
  const failure = failureOf(core, error, msToFail, wasRefused, judgement.hints);
  if (wasRefused) core.connack = toPacket(end.packet, core.version) as IConnackPacket;
  if (end.packet?.type === PacketType.DISCONNECT) tellDisconnect(core, end.packet);
  core.phase = LEAVING;
  if (end.timedOut) offline(core, failure);
  if (end.timedOut && wasOnline) giveUp(core);
  const reported = reportedError(end, failure, core.version, wasOnline);
  if (reported !== undefined) tellError(core, reported, failure);
  if (reported !== undefined && end.packet === undefined && !end.timedOut)
    callSafely(() => core.stream.failed(reported), undefined);
  offline(core, failure);
  if (end.timedOut) giveUp(core);
  void phase.connection.released.then(() => closed(core, failure));
}

/** There was no address to dial. */
export function prepareFailed(core: CoreState, cause: unknown, since: number): void {
  const error = MqttError.is(cause) ? cause : new MqttError("CREDENTIALS_FAILED", { cause });
  const failure = failureOf(core, error, core.clock.now() - since, false, []);
  core.phase = LEAVING;
  // The application learns of it after the call that made the client returned.
  queueMicrotask(() => {
    tellError(core, Object.assign(cause instanceof Error ? cause : error, { failure }), failure);
    offline(core, failure);
    closed(core, failure);
  });
}

function failureOf(
  core: CoreState,
  error: MqttError,
  msToFail: number,
  wasRefused: boolean,
  hints: readonly string[],
): AttemptFailure {
  const isLast = core.ending !== undefined || core.isDisconnecting;
  const delay = isLast ? undefined : retryDelay(error, wasRefused, core.options, core.rules, core.clock.now());
  core.lastFailure = toFailure(error, ++core.failures, msToFail, delay, hints);
  return core.lastFailure;
}

/** Told once until the next connection, and not when nothing will be tried. */
function offline(core: CoreState, failure: AttemptFailure): void {
  if (failure.retryInMs === undefined || core.isReconnecting) return;
  core.isReconnecting = true;
  core.tell("offline");
}

function tellDisconnect(core: CoreState, packet: DisconnectPacket): void {
  core.tell("disconnect", toPacket(packet, core.version) as IDisconnectPacket);
}

function tellError(core: CoreState, error: Error, failure: AttemptFailure): void {
  if (!core.hasWarned && core.client.isUnheard()) {
    core.hasWarned = true;
    // oxlint-disable-next-line no-console -- Nobody listens, and a silent loop is what this client must never be.
    console.warn(`bowline: ${failure.error.message}. ${failure.hints[0] ?? ""} Listen to "error" to hear of every failure.`);
  }
  core.tell("error", error);
}
