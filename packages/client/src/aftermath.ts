import { platform } from "#platform";
import { MqttError } from "@bowline/protocol";
import type { Attempt } from "./attempt.ts";
import type { ClientState } from "./client-state.ts";
import { asMqttError, errorOf, toFailure } from "./failure.ts";
import type { Judgement } from "./judgement.ts";
import type { ConnectionEnd } from "./network-connection.ts";
import type { AttemptFailure } from "./status.ts";
import { warnUnheard } from "./warn-unheard.ts";

/** So long after the host woke up a connection or attempt of before may take to be found dead. */
const STALE_MS = 10_000;
/** A server that closes so soon after CONNACK may have been told to by another client's CONNECT. */
const TAKEOVER_SOON_MS = 5000;

/** A connection was lost, or an attempt ended that had dialled. */
export function connectionEnded(core: ClientState, end: ConnectionEnd): void {
  const { attempts, authenticator, clock, previousAgesMs } = core;
  const { policy, current } = attempts;
  const wasOnline = core.status.state === "online";
  const msToFail = clock.now() - core.since;
  const isSlow = end.timedOut && authenticator?.isStepping === true;
  const judgement = platform.judge(end, {
    ...(current as Attempt),
    msToFail,
    nowMs: clock.wallTime(),
    previousAgesMs,
    unanswered: core,
  });
  if (wasOnline) {
    policy.lost(msToFail);
    core.previousAgesMs = [msToFail, ...previousAgesMs.slice(0, 4)];
  }
  const isTakenOver = policy.suspects(wasOnline && isSilent(core, end, msToFail), clock.now());
  core.authenticator = undefined;
  core.drop();
  const judged = (given: Judgement): void => {
    const error = toldError(core, errorOf(end, given), isTakenOver, isSlow);
    authenticator?.end(error);
    // The client may have been closed while the rules were loaded.
    if (core.status.state === "closed") return;
    const hints = error.code === given.code ? given.hints : [];
    if (error.code === "CONNACK_NONE" && end.facts.firstBytes === undefined) attempts.unanswered();
    const retryAfterMs = Number(end.facts.http?.retryAfter) * 1000 || undefined;
    failed(core, error, msToFail, hints, wasOnline, retryAfterMs, end.packet?.properties?.serverReference);
  };
  if (judgement instanceof Promise) void judgement.then(judged);
  else judged(judgement);
}

/** Closed without a reason soon after CONNACK and while nothing was asked: all that a server of 3.1.1 does at a takeover. */
function isSilent(core: ClientState, { packet, error, cause, timedOut }: ConnectionEnd, ageMs: number): boolean {
  const isUnexplained = (packet ?? error ?? cause) === undefined && !timedOut;
  const isQuiet = core.outbox.session.inFlight.count === 0 && !core.registry.isAsking;
  return core.attempts.version !== 5 && ageMs < TAKEOVER_SOON_MS && isUnexplained && isQuiet;
}

function toldError(core: ClientState, found: MqttError, isTakenOver: boolean, isSlow: boolean): MqttError {
  const { code, reasonCode } = found;
  if (isTakenOver || code === "TAKEOVER") {
    const detail = `"${core.clientId}"`;
    return new MqttError("TAKEOVER", { detail, cause: found, ...(reasonCode !== undefined && { reasonCode }) });
  }
  return isSlow ? new MqttError("CREDENTIALS_TIMEOUT", { detail: "authentication" }) : found;
}

/**
 * An attempt failed before it had dialled.
 *
 * @param given what is no error of ours was thrown by a part of the application's
 */
export function attemptFailed(core: ClientState, given: unknown, hints: readonly string[] = []): void {
  failed(core, asMqttError(given), core.clock.now() - core.since, hints, false);
}

/** Exactly one failure object for each, and what comes next. */
function failed(
  core: ClientState,
  error: MqttError,
  msToFail: number,
  hints: readonly string[],
  wasOnline: boolean,
  retryAfterMs?: number,
  serverReference?: string,
): void {
  const { attempts, clock, wokeAt } = core;
  const { policy } = attempts;
  const attempt = wasOnline ? 1 : policy.failures + 1;
  const now = clock.now();
  const delay = attempts.delayAfter(error, retryAfterMs, now);
  // Something of the time before the host woke up has ended just now: the next is of the new time.
  const isStale = core.since < wokeAt && now - wokeAt < STALE_MS;
  const retryInMs = isStale && delay !== undefined ? (retryAfterMs ?? 0) : delay;
  const failure = toFailure(error, attempt, msToFail, retryInMs, hints, serverReference);
  core.lastFailure = failure;
  if (retryInMs === undefined) core.status = { state: "failed", failure };
  else core.status = { state: "waiting", retryInMs, lastFailure: failure, degraded: policy.failures >= 3 };
  if (!wasOnline && !core.has("attemptFailed")) warnUnheard(failure);
  core.emit(wasOnline ? "connectionLost" : "attemptFailed", failure);
  // A listener may have closed the client, or asked it to come back at once.
  if (!standsAt(core, failure)) return;
  core.emit("status", core.status);
  if (!standsAt(core, failure)) return;
  if (retryInMs === undefined) core.giveUp(error);
  else core.retryTimer = clock.setTimer(() => core.begin(), retryInMs);
}

function standsAt({ status }: ClientState, failure: AttemptFailure): boolean {
  return (
    (status.state === "waiting" && status.lastFailure === failure) || (status.state === "failed" && status.failure === failure)
  );
}
