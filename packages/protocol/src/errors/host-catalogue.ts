import { commonRows } from "./common-rows.ts";
import { diagnosedRows } from "./diagnosed-rows.ts";
import { hostRows as ofHost } from "./host-rows.ts";
import type { Row } from "./row.ts";

// The catalogue of programs outside a page: #host-catalogue in package.json.
export const hostRows: Readonly<Record<string, Row>> = { ...commonRows, ...diagnosedRows, ...ofHost };
export { remedies } from "./remedies.ts";
