import type { JSX, TargetedSubmitEvent } from "preact";
import { useState } from "preact/hooks";
import { fieldText } from "../page/field-text.ts";
import { signInWithKey } from "./admin-api.ts";
import { CaLink } from "./listeners-card.tsx";

/** How to sign in. `wasSignedIn`: the broker forgot this browser while the page was open. */
export function SignInCard({ wasSignedIn, onSignedIn }: { wasSignedIn: boolean; onSignedIn: () => void }): JSX.Element {
  return (
    <section class="card sign-in" aria-labelledby="sign-in-title">
      <h2 id="sign-in-title">{wasSignedIn ? "This browser is signed out" : "Sign in"}</h2>
      {wasSignedIn && (
        <p>
          It was signed out in another tab, the broker was started anew, twelve hours have passed, or the key that it signed in with
          is no more. What is below is what the page knew last, and changes no more.
        </p>
      )}
      <p>On the machine of the broker, run this command and open the link it prints:</p>
      <pre tabIndex={0}>
        <code>bowline console</code>
      </pre>
      <p class="muted">
        A link signs in one browser, once, within 15 minutes. Give <code>--data DIR</code> if the broker was started with one. The
        first link is in what <code>bowline up</code> printed. An operator makes links of a tenant's administrator on the tenant's
        page here.
      </p>
      <p class="muted">
        A browser that warned of this address trusts it once <CaLink /> is among its authorities.
      </p>
      <KeyForm onSignedIn={onSignedIn} />
    </section>
  );
}

function KeyForm({ onSignedIn }: { onSignedIn: () => void }): JSX.Element {
  const [problem, setProblem] = useState("");
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget;
    try {
      await signInWithKey(fieldText(new FormData(form), "key").trim());
      form.reset();
      setProblem("");
      onSignedIn();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <details>
      <summary>Sign in with a key</summary>
      <form onSubmit={(event) => void submit(event)}>
        <label>
          <span>
            The operator's, from the file <code>operator.key</code> in the data folder, or a tenant's: <code>AppID:AppSecret</code>
          </span>
          <input type="password" name="key" required autocomplete="off" aria-describedby="key-problem" />
        </label>
        <button type="submit">Sign in</button>
        <p id="key-problem" class="bad" role="alert">
          {problem}
        </p>
      </form>
    </details>
  );
}
