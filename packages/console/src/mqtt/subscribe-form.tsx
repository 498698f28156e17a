import type { JSX, TargetedSubmitEvent } from "preact";
import { useState } from "preact/hooks";
import { fieldText } from "../page/field-text.ts";
import { visibleLine } from "../text/visible-text.ts";
import type { MqttModel, QoS, WantedFilter } from "./mqtt-model.ts";
import { ProblemText } from "./problem-text.tsx";
import { QosSelect } from "./qos-select.tsx";

/** Subscribes to Topic Filters, and lists those there are. */
export function SubscribeForm({ model }: { model: MqttModel }): JSX.Element {
  const [problem, setProblem] = useState<unknown>();
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    try {
      model.subscribe(fieldText(form, "filter"), Number(form.get("qos")) as QoS);
      setProblem(undefined);
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <section aria-labelledby="subscribe-title">
      <h3 id="subscribe-title">Subscribe</h3>
      <form class="row" onSubmit={submit}>
        <label class="grow">
          <span>Topic filter</span>
          <input
            name="filter"
            required
            defaultValue="#"
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            aria-invalid={problem !== undefined}
            aria-describedby="filter-problem"
          />
        </label>
        <QosSelect />
        <button type="submit">Subscribe</button>
      </form>
      <p id="filter-problem" class="bad" role="alert">
        {problem !== undefined && <ProblemText error={problem} />}
      </p>
      {model.filters.length === 0 ? (
        <p class="empty">No subscription yet.</p>
      ) : (
        <ul class="filters" aria-label="Subscriptions" aria-live="polite">
          {model.filters.map((filter) => (
            <FilterItem key={filter.topicFilter} filter={filter} onEnd={() => model.unsubscribe(filter.topicFilter)} />
          ))}
        </ul>
      )}
    </section>
  );
}

function FilterItem({ filter, onEnd }: { filter: WantedFilter; onEnd: () => void }): JSX.Element {
  const name = visibleLine(filter.topicFilter);
  return (
    <li>
      <code>
        <bdi>{name}</bdi>
      </code>
      <span class={filter.problem === undefined ? "muted" : "bad"}>{answerTo(filter)}</span>
      <button type="button" class="quiet" onClick={onEnd} aria-label={`Unsubscribe from ${name}`}>
        Unsubscribe
      </button>
    </li>
  );
}

function answerTo({ qos, granted, problem }: WantedFilter): JSX.Element | string {
  if (problem !== undefined) return <ProblemText error={problem} />;
  if (granted === undefined) return `QoS ${qos} asked for`;
  return granted === qos ? `QoS ${granted}` : `QoS ${granted} granted, ${qos} asked for`;
}
