import type { JSX } from "preact";
import { visibleText } from "../text/visible-text.ts";
import { DoctorForm } from "./doctor-form.tsx";
import { RootCause } from "./root-cause.tsx";
import { StageLadder } from "./stage-ladder.tsx";
import { useExamination } from "./use-examination.ts";

/** Why a connection fails, from this browser and from the broker's machine. */
export function DoctorPage({ listeners }: { listeners: readonly string[] }): JSX.Element {
  const { isBusy, report, refusal, examine } = useExamination();
  return (
    <>
      <DoctorForm url={urlOf(listeners)} isBusy={isBusy} onAsk={(question) => void examine(question)} />
      {refusal !== "" && (
        <p class="note" role="alert">
          The broker's machine did not look: {visibleText(refusal)}
        </p>
      )}
      {isBusy && (
        <p class="empty" role="status">
          This takes up to 5 seconds.
        </p>
      )}
      {report !== undefined && (
        <>
          <RootCause report={report} />
          <div class="pair even">
            <StageLadder title="From this browser" report={report} note="A browser tells little of what lies below MQTT." />
            {report.outside !== undefined && (
              <StageLadder
                title="From the broker's machine"
                report={report.outside}
                note="With the broker's own authority, and with this page's origin."
              />
            )}
          </div>
        </>
      )}
    </>
  );
}

/** Where applications connect; this page's own address lets in nobody but its browser. */
function urlOf(listeners: readonly string[]): string {
  return listeners.find((url) => url.startsWith("wss:")) ?? `wss://${location.host}/mqtt`;
}
