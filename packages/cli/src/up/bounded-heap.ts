import { setFlagsFromString } from "node:v8";

/** What the heap may grow by from one full collection to the next, in percent of what was alive at the first. */
const GROWTH_PERCENT = 70;

/**
 * Bounds what the heap of this process grows by between two full collections. By itself V8 lets a small heap grow fourfold, and when thousands
 * of clients have come at once the garbage of their coming stays as memory for good. Only for a process that is a broker and nothing else.
 */
export function boundHeapGrowth(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}
