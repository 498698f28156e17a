import type { JSX, TargetedKeyboardEvent, TargetedSubmitEvent } from "preact";
import { useState } from "preact/hooks";
import { fieldText } from "../page/field-text.ts";
import { timeOfDay } from "../text/times.ts";
import type { MqttModel, QoS } from "./mqtt-model.ts";
import { ProblemText } from "./problem-text.tsx";
import { QosSelect } from "./qos-select.tsx";

type Outcome = { state: "none" | "pending" } | { state: "done"; text: string } | { state: "failed"; error: unknown };

/** MQTT 5.0 section 3.4.2.1: the message was taken, and there is nobody to give it to. */
const NO_MATCHING_SUBSCRIBERS = 0x10;

/** Publishes one message and says what became of it. */
export function PublishForm({ model }: { model: MqttModel }): JSX.Element {
  const [outcome, setOutcome] = useState<Outcome>({ state: "none" });
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const qos = Number(form.get("qos")) as QoS;
    setOutcome({ state: "pending" });
    try {
      // A form's text has line breaks of two characters; what is typed here has one.
      const payload = fieldText(form, "payload").replaceAll("\r\n", "\n");
      const reasonCode = await model.publish(fieldText(form, "topic"), payload, { qos, retain: form.has("retain") });
      setOutcome({ state: "done", text: resultOf(qos, reasonCode) });
    } catch (error) {
      setOutcome({ state: "failed", error });
    }
  };
  return (
    <section aria-labelledby="publish-title">
      <h3 id="publish-title">Publish</h3>
      <form class="publish" onSubmit={(event) => void submit(event)}>
        <label>
          <span>Topic</span>
          <input name="topic" required autocomplete="off" autocapitalize="none" spellcheck={false} placeholder="demo/hello" />
        </label>
        <label>
          <span>Payload (Ctrl+Enter publishes)</span>
          <textarea name="payload" rows={3} spellcheck={false} onKeyDown={submitOnControlEnter} />
        </label>
        <div class="row">
          <QosSelect />
          <label class="check">
            <input type="checkbox" name="retain" />
            <span>Retain</span>
          </label>
          <button type="submit">Publish</button>
        </div>
      </form>
      <p class={outcome.state === "failed" ? "bad" : "muted"} role="status">
        <OutcomeText outcome={outcome} />
      </p>
    </section>
  );
}

function OutcomeText({ outcome }: { outcome: Outcome }): JSX.Element {
  if (outcome.state === "failed") return <ProblemText error={outcome.error} />;
  if (outcome.state === "done") return <>{outcome.text}</>;
  return <>{outcome.state === "pending" ? "On its way; it waits while there is no connection." : ""}</>;
}

function resultOf(qos: QoS, reasonCode: number): string {
  const time = timeOfDay(Date.now());
  if (qos === 0) return `Handed to the connection at ${time}; QoS 0 is not acknowledged.`;
  return reasonCode === NO_MATCHING_SUBSCRIBERS ? `Acknowledged at ${time}: nobody subscribes to it.` : `Acknowledged at ${time}.`;
}

function submitOnControlEnter(event: TargetedKeyboardEvent<HTMLTextAreaElement>): void {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  event.currentTarget.form?.requestSubmit();
}
