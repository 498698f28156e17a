import type { JSX, TargetedSubmitEvent } from "preact";
import { fieldText } from "../page/field-text.ts";
import { useAction } from "../page/use-action.ts";
import { send } from "./admin-api.ts";
import { listOf } from "./rule-words.ts";
import { useTenantPath } from "./tenant-scope.ts";

/** A new rule. A field that stays empty is no condition. */
export function RuleForm({ onAdded }: { onAdded: () => void }): JSX.Element {
  const { isBusy, problem, run } = useAction();
  const path = useTenantPath()("rules");
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget;
    const rule = ruleOf(new FormData(form));
    if (!(await run(() => send("POST", path, rule)))) return;
    form.reset();
    onAdded();
  };
  return (
    <section class="card" aria-labelledby="rule-title">
      <h2 id="rule-title">Add a rule</h2>
      <form class="fields" onSubmit={(event) => void submit(event)}>
        <div class="row">
          <Choice name="permission" title="Decision" options={{ allow: "allow", deny: "deny" }} />
          <Choice
            name="action"
            title="What"
            isLong
            options={{ both: "publish and subscribe", publish: "publish", subscribe: "subscribe" }}
          />
          <Choice name="place" title="Where" options={{ last: "behind all others", first: "before all others" }} />
        </div>
        <label>
          <span>Topic filters, one a line</span>
          <textarea name="topics" rows={2} required spellcheck={false} placeholder={"plant/+/state\ndevices/${clientid}/#"} />
        </label>
        <div class="row">
          <Text name="user" title="User" />
          <Text name="client" title="Client ID" />
          <Text name="addresses" title="Addresses" placeholder="10.0.0.0/8" />
        </div>
        <div class="row">
          <label class="check">
            <input type="checkbox" name="anonymous" />
            <span>Anonymous clients alone</span>
          </label>
          <button type="submit" disabled={isBusy}>
            Add
          </button>
        </div>
      </form>
      <p class="bad" role="alert">
        {problem}
      </p>
    </section>
  );
}

interface ChoiceProps {
  readonly name: string;
  readonly title: string;
  readonly options: Readonly<Record<string, string>>;
  /** Its texts need more room than others. */
  readonly isLong?: boolean;
}

function Choice({ name, title, options, isLong = false }: ChoiceProps): JSX.Element {
  return (
    <label class={isLong ? "grow long" : "grow"}>
      <span>{title}</span>
      <select name={name}>
        {Object.entries(options).map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

/** A text field that may stay empty. */
export function Text({ name, title, placeholder = "" }: { name: string; title: string; placeholder?: string }): JSX.Element {
  return (
    <label class="grow">
      <span>{title}</span>
      <input name={name} autocomplete="off" autocapitalize="none" spellcheck={false} placeholder={placeholder} />
    </label>
  );
}

function ruleOf(form: FormData): Record<string, unknown> {
  const user = form.has("anonymous") ? "" : fieldText(form, "user") || undefined;
  const client = fieldText(form, "client") || undefined;
  const addresses = listOf(fieldText(form, "addresses"), /[,\s]/);
  return {
    permission: fieldText(form, "permission"),
    action: fieldText(form, "action"),
    topics: listOf(fieldText(form, "topics"), /\n/),
    ...(fieldText(form, "place") === "first" ? { place: 0 } : {}),
    ...(user === undefined ? {} : { user }),
    ...(client === undefined ? {} : { client }),
    ...(addresses.length === 0 ? {} : { addresses }),
  };
}
