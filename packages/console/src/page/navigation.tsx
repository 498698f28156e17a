import type { JSX } from "preact";
import { addressOf, isPageOf, PAGES, type PageName } from "./route.ts";

/** The pages. All of them are in view on any screen: what is hidden behind a button is not found. */
export function Navigation({ page, isOperator }: { page: PageName; isOperator: boolean }): JSX.Element {
  const pages = PAGES.filter(({ name }) => isPageOf(name, isOperator));
  return (
    <nav aria-label="Pages">
      <ul>
        {pages.map(({ name, title }) => (
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
