import type { Row } from "./row.ts";

// What takes the place of host-catalogue.ts in a page: nothing.
export const hostRows: Readonly<Record<string, Row>> = {};
export const remedies: Readonly<Record<string, string>> = {};
