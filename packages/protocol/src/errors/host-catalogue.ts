// The half of the catalogue that programs outside a page carry: #host-catalogue in package.json.
export { hostRows } from "./host-rows.ts";
export { remedies } from "./remedies.ts";
