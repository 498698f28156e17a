/** Where a part of a list stands in the whole; `count`: of all pages. */
export interface PageMeta {
  readonly count: number;
  readonly hasNext: boolean;
}
