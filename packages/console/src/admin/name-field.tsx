import type { JSX } from "preact";

/** What a new tenant, or a new plan, is called: the broker takes the same names for both. */
export function NameField(): JSX.Element {
  return (
    <label class="grow">
      <span>Name</span>
      <input
        name="name"
        required
        maxLength={63}
        pattern="[a-z0-9]([a-z0-9\-]*[a-z0-9])?"
        title="1 to 63 of a-z, 0-9 and -"
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
      />
    </label>
  );
}
