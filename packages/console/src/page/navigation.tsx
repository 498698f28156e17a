import type { JSX } from "preact";
import { addressOf, PAGES, type PageName } from "./route.ts";

/** The pages. All of them are in view on any screen: what is hidden behind a button is not found. */
export function Navigation({ page }: { page: PageName }): JSX.Element {
  return (
    <nav aria-label="Pages">
      <ul>
        {PAGES.map(({ name, title }) => (
          <li key={name}>
            <a href={addressOf(name)} aria-current={name === page ? "page" : undefined}>
              {title}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
