import { useState } from "preact/hooks";
import type { RequestFailure } from "../admin/admin-api.ts";
import { useResource } from "./use-resource.ts";

/** Rows of one page: more than anybody reads, and no more than a browser lays out anew in a few milliseconds. */
const PAGE_ROWS = 100;

/** A list that the broker may have very much of: what is looked for, and which part of it is in view. */
export interface List<T> {
  readonly value: T | undefined;
  readonly problem: RequestFailure | undefined;
  readonly refresh: () => void;
  readonly search: string;
  readonly setSearch: (search: string) => void;
  /** From 1. */
  readonly page: number;
  readonly setPage: (page: number) => void;
  /** Place of the first row in view in the whole, from 0. */
  readonly first: number;
}

/** The part of a list at a path that takes `page`, `limit` and, where it can be looked through, `search`. */
export function useList<T>(path: string, everyMs: number): List<T> {
  const [search, setSearch] = useState("");
  const [page, setPage] = useState(1);
  const query = new URLSearchParams({ page: String(page), limit: String(PAGE_ROWS) });
  if (search.trim() !== "") query.set("search", search.trim());
  const resource = useResource<T>(`${path}?${query.toString()}`, everyMs);
  const look = (next: string): void => {
    setSearch(next);
    setPage(1);
  };
  return { ...resource, search, setSearch: look, page, setPage, first: (page - 1) * PAGE_ROWS };
}
