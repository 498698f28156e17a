import { addRows } from "./catalogue.ts";
import { commonRows } from "./common-rows.ts";
import { diagnosedRows } from "./diagnosed-rows.ts";
import { hostRows } from "./host-rows.ts";
import { remedies } from "./remedies.ts";
import type { Row } from "./row.ts";

/** For a page that is to name causes of every layer: brings the rows that pages do not carry, with what to do. */
export function addWholeCatalogue(): void {
  const rows: Readonly<Record<string, Row>> = { ...commonRows, ...diagnosedRows, ...hostRows };
  addRows(Object.fromEntries(Object.entries(rows).map(([code, row]) => [code, withRemedy(code, row)])));
}

function withRemedy(code: string, [stage, source, retry, title = "", remedy = remedies[code]]: Row): Row {
  return remedy === undefined ? [stage, source, retry, title] : [stage, source, retry, title, remedy];
}
