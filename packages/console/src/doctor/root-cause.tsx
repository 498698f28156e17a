import { type ErrorCode, errorInfo } from "@bowline/protocol";
import type { Finding, Fix, Report } from "@bowline/doctor/browser";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { visibleText } from "../text/visible-text.ts";

const retries: Readonly<Record<Finding["retry"], string>> = {
  never: "Trying again does not help.",
  "new-input": "Trying again does not help before something is changed.",
  "new-credentials": "Trying again does not help without other credentials.",
  backoff: "Trying again may help, with growing delays.",
  "loop-guard": "Trying again may help a few times, with long delays.",
};
/** More would be a wall: the likeliest come first. */
const CAUSES_SHOWN = 4;

/** One cause, or the few it may be, and what to do about it. */
export function RootCause({ report }: { report: Report }): JSX.Element {
  const { cause, healthy, findings } = report;
  const others = findings.filter(({ id }) => id !== cause?.id);
  return (
    <section class="card root-cause" aria-labelledby="cause-title" aria-live="polite">
      <div class="card-head">
        <h2 id="cause-title">{healthy ? "The connection works" : "Why it fails"}</h2>
        <div class="buttons">
          <CopyButton label="Copy the report" text={JSON.stringify(report, null, 2)} />
        </div>
      </div>
      {cause === null ? (
        <p class="good">From here to a message that comes back, nothing is wrong.</p>
      ) : (
        <>
          <p>
            <code class="code">{cause.id}</code> <strong>{sentence(cause.title)}</strong>
          </p>
          {cause.oneOf.length === 0 ? <p class="muted">{sentence(cause.because)}</p> : <OneOf cause={cause} />}
          <ol class="fixes">
            {cause.fix.map((fix) => (
              <FixItem key={fix.text} fix={fix} />
            ))}
          </ol>
          {!healthy && <p class="muted">{retries[cause.retry]}</p>}
        </>
      )}
      {others.length > 0 && (
        <>
          <h3>Also found</h3>
          <ul class="others">
            {others.map(({ id, severity, because }) => (
              <li key={id}>
                <code class="code">{id}</code> <span class={severity === "fail" ? "bad" : "muted"}>{visibleText(because)}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

/** A browser hides most reasons: what looks the same to it, likeliest first. */
function OneOf({ cause }: { cause: Finding }): JSX.Element {
  const [first, rest] = [cause.oneOf.slice(0, CAUSES_SHOWN), cause.oneOf.slice(CAUSES_SHOWN)];
  return (
    <>
      <p class="muted">{sentence(cause.because.split("; this may be one of")[0] ?? "")} What was seen fits each of these:</p>
      <Causes codes={first} />
      {rest.length > 0 && (
        <details>
          <summary>{rest.length} less likely ones</summary>
          <Causes codes={rest} />
        </details>
      )}
    </>
  );
}

function Causes({ codes }: { codes: readonly ErrorCode[] }): JSX.Element {
  return (
    <ul class="others">
      {codes.map((code) => (
        <li key={code}>
          <code class="code">{code}</code> {errorInfo(code).title}
        </li>
      ))}
    </ul>
  );
}

function FixItem({ fix: { text, command, config } }: { fix: Fix }): JSX.Element {
  const copied = command ?? config;
  return (
    <li>
      {visibleText(text)}
      {copied !== undefined && (
        <div class="copyable">
          <pre tabIndex={0}>
            <code>{visibleText(copied)}</code>
          </pre>
          <CopyButton label="Copy" text={copied} />
        </div>
      )}
    </li>
  );
}

function CopyButton({ label, text }: { label: string; text: string }): JSX.Element {
  const [outcome, setOutcome] = useState("");
  useEffect(() => {
    if (outcome === "") return undefined;
    const timer = setTimeout(() => setOutcome(""), 2_000);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = (): Promise<void> =>
    navigator.clipboard.writeText(text).then(
      () => setOutcome("Copied"),
      // A browser may not allow it.
      () => setOutcome("Not copied"),
    );
  return (
    <button type="button" class="quiet" onClick={() => void copy()}>
      {outcome === "" ? label : outcome}
    </button>
  );
}

function sentence(words: string): string {
  const text = visibleText(words);
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]"?$/.test(text) ? "" : "."}`;
}
