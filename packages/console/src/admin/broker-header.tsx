import type { ComponentChildren, JSX } from "preact";
import { useNow } from "../page/use-now.ts";
import { duration, timeOfDay } from "../text/times.ts";
import { signOut } from "./admin-api.ts";
import type { BrokerReport } from "./use-broker.ts";

export interface BrokerHeaderProps {
  readonly report: BrokerReport;
  /** Ends what the page has at the broker, before it is signed out. */
  readonly onLeave: () => Promise<void>;
  readonly children?: ComponentChildren;
}

/** Which broker this is, how it is, and whose part of it is looked at. */
export function BrokerHeader({ report, onLeave, children }: BrokerHeaderProps): JSX.Element {
  const { status, overview, problem } = report;
  const isKnown = status !== undefined || overview !== undefined;
  return (
    <header class="page-head">
      <h1>
        Bowline <span>{location.host}</span>
      </h1>
      <BrokerState report={report} />
      {children}
      {problem === undefined && isKnown && (
        <button type="button" class="quiet" onClick={() => void leave(onLeave)}>
          Sign out
        </button>
      )}
    </header>
  );
}

/** Loads the page anew, so that it forgets what it showed. */
async function leave(onLeave: () => Promise<void>): Promise<void> {
  await onLeave();
  await signOut().catch(() => undefined);
  location.reload();
}

function BrokerState({ report }: { report: BrokerReport }): JSX.Element {
  const now = useNow();
  const { status, problem } = report;
  const { tone, text } = stateOf(report);
  return (
    <p class={`state ${tone}`}>
      {/* Only this part is announced: a screen reader must not read the age out each second. */}
      <span role="status">
        <span class="dot" aria-hidden="true" /> {text}
      </span>
      {status !== undefined && problem === undefined && (
        <span class="muted">
          for {duration(now - status.startedAt)}, version {status.version}
        </span>
      )}
    </p>
  );
}

function stateOf({ status, overview, problem }: BrokerReport): { tone: "ok" | "bad" | ""; text: string } {
  if (problem !== undefined) {
    if (problem.isSignedOut) return { tone: "", text: "Not signed in" };
    const trouble = problem.isSilent ? "No answer" : problem.message;
    return { tone: "bad", text: `${trouble} since ${timeOfDay(problem.since)}, trying again` };
  }
  const storage = status?.storage.state ?? overview?.storage;
  if (storage === undefined) return { tone: "", text: "Asking the broker" };
  if (overview?.state === "paused") return { tone: "bad", text: "Paused by the operator" };
  return storage === "ok" ? { tone: "ok", text: "Running" } : { tone: "bad", text: "Running, storage read-only" };
}
