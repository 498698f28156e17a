import type { JSX } from "preact";
import { useNow } from "../page/use-now.ts";
import { timeOfDay } from "../text/times.ts";
import type { MqttModel, PageStatus, Trouble } from "./mqtt-model.ts";
import { sentence } from "./problem-text.tsx";

/** Where the page's client stands, what failed before, and when it tries again. */
export function ClientStatus({ model }: { model: MqttModel }): JSX.Element {
  const { status, statusSince, troubles } = model;
  const isOff = status.state === "disconnected";
  const canTry = status.state === "waiting" || status.state === "failed";
  return (
    <div class="client-status">
      <p class={`state ${toneOf(status)}`}>
        <span role="status">
          <span class="dot" aria-hidden="true" /> {describe(status, statusSince)}
        </span>
      </p>
      {status.state === "waiting" && <Countdown until={statusSince + status.retryInMs} />}
      <div class="buttons">
        {canTry && (
          <button type="button" onClick={() => model.tryNow()}>
            Try now
          </button>
        )}
        {isOff ? (
          <button type="button" onClick={() => model.connect()}>
            Connect
          </button>
        ) : (
          <button type="button" class="quiet" onClick={() => void model.disconnect()}>
            Disconnect
          </button>
        )}
      </div>
      {troubles.length > 0 && <Troubles troubles={troubles} isOpen={canTry} />}
    </div>
  );
}

function Countdown({ until }: { until: number }): JSX.Element {
  const seconds = Math.max(0, Math.ceil((until - useNow()) / 1000));
  // Not announced: the status says the time, and a screen reader must not count along.
  return <p class="muted countdown">in {seconds} s</p>;
}

function Troubles({ troubles, isOpen }: { troubles: readonly Trouble[]; isOpen: boolean }): JSX.Element {
  return (
    <details class="troubles" open={isOpen}>
      <summary>Failed attempts and losses ({troubles.length})</summary>
      <ol>
        {troubles.map((trouble) => (
          <TroubleItem key={trouble.number} trouble={trouble} />
        ))}
      </ol>
    </details>
  );
}

function TroubleItem({ trouble: { kind, at, failure } }: { trouble: Trouble }): JSX.Element {
  const { error, retryInMs } = failure;
  return (
    <li>
      <p>
        <time dateTime={new Date(at).toISOString()}>{timeOfDay(at)}</time> <code class="code">{failure.code}</code>
      </p>
      <p>{sentence(error)}</p>
      {failure.hints.map((hint) => (
        <p key={hint} class="hint">
          {hint}
        </p>
      ))}
      <p class="muted">
        {kind === "loss" ? "Connection lost" : `Attempt ${failure.attempt}, stage ${failure.stage}`} after{" "}
        {Math.round(failure.msToFail)} ms.{" "}
        {retryInMs === undefined ? "No further attempt." : `Next attempt at ${timeOfDay(at + retryInMs)}.`}
      </p>
    </li>
  );
}

function describe(status: PageStatus, since: number): string {
  switch (status.state) {
    case "disconnected":
    case "closed":
      return "Not connected";
    case "connecting":
      return status.attempt > 1 ? `Connecting, attempt ${status.attempt}` : "Connecting";
    case "online":
      return `Connected since ${timeOfDay(since)}`;
    case "waiting":
      return `${status.lastFailure.code}, next attempt at ${timeOfDay(since + status.retryInMs)}`;
    case "failed":
      return `Gave up, ${status.failure.code}`;
  }
}

function toneOf({ state }: PageStatus): string {
  if (state === "online") return "ok";
  return state === "waiting" || state === "failed" ? "bad" : "";
}
