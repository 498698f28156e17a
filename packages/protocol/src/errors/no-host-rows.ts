import type { HostCode } from "./host-rows.ts";
import type { Row } from "./row.ts";

/** What takes the place of the host's rows in a page. */
export const hostRows: Readonly<Partial<Record<HostCode, Row>>> = {};
