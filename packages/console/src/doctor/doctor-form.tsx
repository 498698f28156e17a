import type { PageDoctorOptions } from "@bowline/doctor/browser";
import type { JSX, TargetedSubmitEvent } from "preact";
import { useTenantScope } from "../admin/tenant-scope.ts";
import { fieldText } from "../page/field-text.ts";
import type { Question } from "./use-examination.ts";

/** What is to be examined, as the client that fails is told it. */
export function DoctorForm({
  url,
  isBusy,
  onAsk,
}: {
  url: string;
  isBusy: boolean;
  onAsk: (question: Question) => void;
}): JSX.Element {
  const { isOperator } = useTenantScope();
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    onAsk(questionOf(new FormData(event.currentTarget)));
  };
  return (
    <section class="card" aria-labelledby="doctor-title">
      <h2 id="doctor-title">Examine a connection</h2>
      <p class="muted">
        Give what the client that fails has. This page tries to connect as an application in a browser would, subscribes to a topic
        and sends one message to it.
      </p>
      <form class="fields" onSubmit={submit}>
        <div class="row">
          <label class="grow">
            <span>URL</span>
            <input name="url" required autocomplete="off" autocapitalize="none" spellcheck={false} defaultValue={url} />
          </label>
        </div>
        <div class="row">
          <Field name="username" title="User name" />
          <label class="grow">
            <span>Password or token</span>
            <input name="password" type="password" autocomplete="off" />
          </label>
          <Field name="clientId" title="Client ID" placeholder="a random one" />
        </div>
        <details>
          <summary>More</summary>
          <div class="fields">
            <div class="row">
              <Field name="topic" title="Topic of the message" placeholder="a random one below doctor/" />
              <label>
                <span>MQTT</span>
                <select name="protocolVersion">
                  <option value="5">5.0</option>
                  <option value="4">3.1.1</option>
                </select>
              </label>
            </div>
            <Field name="consoleText" title="Line of the browser's console about the failure: it names what scripts are not told" />
          </div>
        </details>
        <div class="row">
          {isOperator && (
            <label class="check">
              <input type="checkbox" name="asksBroker" defaultChecked />
              <span>Look from the broker's machine too, which is given the same</span>
            </label>
          )}
          <button type="submit" disabled={isBusy}>
            {isBusy ? "Examining" : "Examine"}
          </button>
        </div>
      </form>
    </section>
  );
}

function Field({ name, title, placeholder = "" }: { name: string; title: string; placeholder?: string }): JSX.Element {
  return (
    <label class="grow">
      <span>{title}</span>
      <input name={name} autocomplete="off" autocapitalize="none" spellcheck={false} placeholder={placeholder} />
    </label>
  );
}

function questionOf(form: FormData): Question {
  const given = (name: keyof PageDoctorOptions): PageDoctorOptions => {
    const text = fieldText(form, name);
    return text === "" ? {} : { [name]: text };
  };
  const options: PageDoctorOptions = {
    protocolVersion: fieldText(form, "protocolVersion") === "4" ? 4 : 5,
    ...given("username"),
    ...given("password"),
    ...given("clientId"),
    ...given("topic"),
    ...given("consoleText"),
  };
  return { url: fieldText(form, "url").trim(), options, asksBroker: form.get("asksBroker") !== null };
}
