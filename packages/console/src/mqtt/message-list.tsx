import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { bytes, count } from "../text/numbers.ts";
import { timeOfDay } from "../text/times.ts";
import { visibleLine } from "../text/visible-text.ts";
import { type LoggedMessage, MESSAGES_MAX } from "./message-log.ts";
import type { MqttModel } from "./mqtt-model.ts";
import { type PayloadForm, viewPayload } from "./payload-view.ts";

/** The messages that came, newest first. */
export function MessageList({ model }: { model: MqttModel }): JSX.Element {
  const [form, setForm] = useState<PayloadForm>("text");
  const { log } = model;
  const togglePause = (): void => {
    log.isPaused = !log.isPaused;
    model.changed();
  };
  const clear = (): void => {
    log.clear();
    model.changed();
  };
  return (
    <section class="messages" aria-labelledby="messages-title">
      <div class="card-head">
        <h3 id="messages-title">Messages</h3>
        <label class="inline">
          <span>Payloads as</span>
          <select value={form} onChange={(event) => setForm(event.currentTarget.value as PayloadForm)}>
            <option value="text">text</option>
            <option value="json">indented JSON</option>
            <option value="hex">hex</option>
          </select>
        </label>
        <div class="buttons">
          <button type="button" class="quiet" aria-pressed={log.isPaused} onClick={togglePause}>
            {log.isPaused ? "Go on" : "Pause"}
          </button>
          <button type="button" class="quiet" onClick={clear} disabled={log.received === 0}>
            Clear
          </button>
        </div>
      </div>
      <Counters model={model} />
      {log.messages.length === 0 ? (
        <p class="empty">No message yet. Subscribe to a topic filter to see what is published to it.</p>
      ) : (
        <ol class="message-list" aria-label="Messages, newest first" tabIndex={0}>
          {log.messages.map((message) => (
            <MessageItem key={message.number} message={message} form={form} />
          ))}
        </ol>
      )}
    </section>
  );
}

/** Says what is not in view, so that nobody takes the list for all there was. */
function Counters({ model: { log } }: { model: MqttModel }): JSX.Element {
  const older = log.notShown - log.missedInPause;
  return (
    <p class="muted counters">
      <span>
        {count(log.received)} received ({bytes(log.receivedBytes)})
      </span>
      {older > 0 && (
        <span>
          {count(older)} older not shown, the view keeps {MESSAGES_MAX}
        </span>
      )}
      {log.missedInPause > 0 && <span class="bad">{count(log.missedInPause)} not shown because of a pause</span>}
      {log.isPaused && <span class="tag">paused</span>}
    </p>
  );
}

function MessageItem({ message, form }: { message: LoggedMessage; form: PayloadForm }): JSX.Element {
  const { at, topicName, qos, retain, dup, head, payloadSize } = message;
  const view = useMemo(() => viewPayload(head, form, head.length < payloadSize), [head, form]);
  return (
    <li>
      <p class="message-head">
        <code class="topic">
          <bdi>{visibleLine(topicName)}</bdi>
        </code>
        <span class="tag">QoS {qos}</span>
        {retain && <span class="tag">retained</span>}
        {dup && <span class="tag">sent again</span>}
        <span class="muted">{bytes(payloadSize)}</span>
        <time class="muted" dateTime={new Date(at).toISOString()}>
          {timeOfDay(at)}
        </time>
      </p>
      {view.kind === "empty" ? <p class="empty">Empty payload</p> : <pre class={view.kind}>{view.text}</pre>}
      {head.length < payloadSize && (
        <p class="muted">
          The first {bytes(head.length)} of {bytes(payloadSize)}.
        </p>
      )}
    </li>
  );
}
