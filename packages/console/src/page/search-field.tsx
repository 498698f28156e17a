import type { JSX } from "preact";

export interface SearchFieldProps {
  readonly value: string;
  /** What is looked through. */
  readonly placeholder: string;
  readonly onSearch: (search: string) => void;
}

/** Narrows a list while one types. */
export function SearchField({ value, placeholder, onSearch }: SearchFieldProps): JSX.Element {
  return (
    <label class="search">
      <span>Filter</span>
      <input
        type="search"
        value={value}
        placeholder={placeholder}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        onInput={(event) => onSearch(event.currentTarget.value)}
      />
    </label>
  );
}
