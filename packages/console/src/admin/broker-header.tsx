import type { JSX } from "preact";
import { useNow } from "../page/use-now.ts";
import { duration, timeOfDay } from "../text/times.ts";
import { signOut } from "./admin-api.ts";
import type { BrokerReport } from "./use-broker.ts";

/** Which broker this is, where it listens, and how it is. */
export function BrokerHeader({ report, onSignedOut }: { report: BrokerReport; onSignedOut: () => void }): JSX.Element {
  const { status, problem } = report;
  const leave = async (): Promise<void> => {
    await signOut().catch(() => undefined);
    onSignedOut();
  };
  return (
    <header class="page-head">
      <h1>
        Bowline <span>{location.host}</span>
      </h1>
      <BrokerState report={report} />
      {problem?.isSignedOut !== true && status !== undefined && (
        <button type="button" class="quiet" onClick={() => void leave()}>
          Sign out
        </button>
      )}
      {status !== undefined && (
        <ul class="listeners" aria-label="Listeners">
          {status.listeners.map((url) => (
            <li key={url}>
              <code>{url}</code>
            </li>
          ))}
        </ul>
      )}
    </header>
  );
}

function BrokerState({ report: { status, problem } }: { report: BrokerReport }): JSX.Element {
  const now = useNow();
  if (problem !== undefined) {
    const text = problem.isSignedOut ? "Signed out" : `No answer since ${timeOfDay(problem.since)}, trying again`;
    return (
      <p class="state bad" role="status">
        <Dot /> {text}
      </p>
    );
  }
  if (status === undefined) {
    return (
      <p class="state" role="status">
        <Dot /> Asking the broker
      </p>
    );
  }
  // Only the first word is announced: a screen reader must not read the time out every minute.
  return (
    <p class={`state ${status.storage.state === "ok" ? "ok" : "bad"}`}>
      <span role="status">
        <Dot /> {status.storage.state === "ok" ? "Running" : "Running, storage read-only"}
      </span>
      <span class="muted">
        for {duration(now - status.startedAt)}, version {status.version}
      </span>
    </p>
  );
}

function Dot(): JSX.Element {
  return <span class="dot" aria-hidden="true" />;
}
