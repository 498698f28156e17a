import type { ComponentChildren, JSX } from "preact";
import { count } from "../text/numbers.ts";
import { Waiting } from "./facts.tsx";
import { SearchField } from "./search-field.tsx";
import type { PageMeta } from "./page-meta.ts";
import type { List } from "./use-list.ts";

export interface ListCardProps<T> {
  readonly title: string;
  readonly list: List<T>;
  readonly meta: (value: T) => PageMeta;
  /** What the list can be looked through by; absent where it cannot. */
  readonly searchBy?: string;
  /** Behind the number of rows. */
  readonly note?: string;
  /** Above the rows. */
  readonly about?: ComponentChildren;
  /** Why the last action failed; empty when it did not. */
  readonly problem?: string;
  readonly children: (value: T) => ComponentChildren;
}

/** A card with a list: how many there are, a field to look through them, and the way to those that are not in view. */
export function ListCard<T>(props: ListCardProps<T>): JSX.Element {
  const { title, list, meta, searchBy, note = "", about, problem, children } = props;
  const { value } = list;
  const id = `${title.toLowerCase().replace(/\W+/g, "-")}-list`;
  return (
    <section class="card" aria-labelledby={id}>
      <div class="card-head">
        <h2 id={id}>{title}</h2>
        <p class="muted" role="status">
          {value !== undefined && `${count(meta(value).count)}${list.search.trim() === "" ? "" : " found"}${note}`}
        </p>
        {searchBy !== undefined && <SearchField value={list.search} placeholder={searchBy} onSearch={list.setSearch} />}
      </div>
      {about !== undefined && <p class="muted">{about}</p>}
      {problem !== undefined && (
        <p class="bad" role="alert">
          {problem}
        </p>
      )}
      {value === undefined ? (
        <Waiting problem={list.problem} />
      ) : (
        <>
          {children(value)}
          <Pager list={list} meta={meta(value)} />
        </>
      )}
    </section>
  );
}

/** Nothing where all rows are in view. */
function Pager<T>({
  list: { page, setPage, first },
  meta: { count: all, hasNext },
}: {
  list: List<T>;
  meta: PageMeta;
}): JSX.Element | null {
  if (page === 1 && !hasNext) return null;
  return (
    <div class="pager buttons">
      <button type="button" class="quiet" disabled={page === 1} onClick={() => setPage(page - 1)}>
        Previous
      </button>
      <button type="button" class="quiet" disabled={!hasNext} onClick={() => setPage(page + 1)}>
        Next
      </button>
      <span class="muted">{first < all ? `from ${count(first + 1)} of ${count(all)}` : "There are no more."}</span>
    </div>
  );
}
