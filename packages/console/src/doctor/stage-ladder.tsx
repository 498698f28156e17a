import type { Report, StageLine } from "@bowline/doctor/browser";
import type { JSX } from "preact";
import { visibleText } from "../text/visible-text.ts";

const names: Readonly<Record<StageLine["stage"], string>> = {
  input: "Input",
  dns: "Name",
  tcp: "Network",
  tls: "TLS",
  http: "WebSocket",
  mqtt: "MQTT",
  session: "Session",
  authz: "Rights",
};
const states: Readonly<Record<StageLine["status"], readonly [mark: string, word: string]>> = {
  ok: ["✓", "well"],
  warn: ["!", "a warning"],
  fail: ["✗", "failed"],
};

/** The way to the broker, a line for each layer, up to where it ends. */
export function StageLadder({ title, report, note }: { title: string; report: Report; note: string }): JSX.Element {
  const id = `ladder-${title.replace(/\W+/g, "-").toLowerCase()}`;
  return (
    <section class="card" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <p class="muted">{note}</p>
      <ol class="ladder">
        {report.stages.map((line, index) => (
          <li key={`${line.stage} ${index}`} class={line.status}>
            <span class="mark" aria-hidden="true">
              {states[line.status][0]}
            </span>
            <strong>{names[line.stage]}</strong>
            <span class="unseen">{states[line.status][1]}</span>
            <span class="number muted">{line.ms === undefined ? "" : `${line.ms} ms`}</span>
            <span class="words">{visibleText(line.text)}</span>
          </li>
        ))}
      </ol>
      {report.chain.length > 0 && (
        <details>
          <summary>Certificates</summary>
          <ol class="chain">
            {report.chain.map((line) => (
              <li key={line}>
                <code>{visibleText(line)}</code>
              </li>
            ))}
          </ol>
        </details>
      )}
    </section>
  );
}
