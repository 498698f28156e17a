import { diagnosedRows } from "./diagnosed-rows.ts";
import { hostRows as ofHost } from "./host-rows.ts";
import type { Row } from "./row.ts";

// The half of the catalogue that programs outside a page carry: #host-catalogue in package.json.
export const hostRows: Readonly<Record<string, Row>> = { ...diagnosedRows, ...ofHost };
export { remedies } from "./remedies.ts";
