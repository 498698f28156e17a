import type { JSX, TargetedSubmitEvent } from "preact";
import { useState } from "preact/hooks";
import { QosSelect } from "../mqtt/qos-select.tsx";
import { fieldText } from "../page/field-text.ts";
import { useAction } from "../page/use-action.ts";
import { visibleText } from "../text/visible-text.ts";
import { type AccessAnswer, send } from "./admin-api.ts";
import { Text } from "./rule-form.tsx";
import { useTenantPath } from "./tenant-scope.ts";

/** Tries the rules: would this client be allowed to do that, and which rule says so? Nothing happens. */
export function AccessQuestion(): JSX.Element {
  const { isBusy, problem, run } = useAction();
  const path = useTenantPath()("rules/test");
  const [answer, setAnswer] = useState<AccessAnswer>();
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const question = questionOf(new FormData(event.currentTarget));
    setAnswer(undefined);
    await run(async () => setAnswer(await send<AccessAnswer>("POST", path, question)));
  };
  return (
    <section class="card" aria-labelledby="question-title">
      <h2 id="question-title">Try the rules</h2>
      <form class="fields" onSubmit={(event) => void submit(event)}>
        <div class="row">
          <Text name="user" title="User, if any" />
          <Text name="client" title="Client ID" />
          <Text name="address" title="Address" placeholder="127.0.0.1" />
        </div>
        <div class="row">
          <label>
            <span>Wants to</span>
            <select name="action">
              <option>publish</option>
              <option>subscribe</option>
              <option>receive</option>
            </select>
          </label>
          <label class="grow">
            <span>Topic, or topic filter</span>
            <input name="topic" required autocomplete="off" autocapitalize="none" spellcheck={false} />
          </label>
          <QosSelect />
        </div>
        <div class="row">
          <label class="check">
            <input type="checkbox" name="retain" />
            <span>Retained</span>
          </label>
          <button type="submit" disabled={isBusy}>
            Ask
          </button>
        </div>
      </form>
      <p class={answer?.isAllowed === true ? "good" : "bad"} role="status">
        {answer !== undefined && `${answer.isAllowed ? "Allowed" : "Denied"}: ${visibleText(answer.reason)}`}
        {problem}
      </p>
    </section>
  );
}

function questionOf(form: FormData): Record<string, unknown> {
  return {
    user: fieldText(form, "user"),
    client: fieldText(form, "client"),
    address: fieldText(form, "address"),
    action: fieldText(form, "action"),
    topic: fieldText(form, "topic"),
    qos: Number(fieldText(form, "qos")),
    retain: form.has("retain"),
  };
}
