import type { HostCode } from "./host-rows.ts";
import type { Row } from "./row.ts";

// What takes the place of host-catalogue.ts in a page: nothing.
export const hostRows: Readonly<Partial<Record<HostCode, Row>>> = {};
export const remedies: Readonly<Record<string, string>> = {};
