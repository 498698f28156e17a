import { MqttError } from "@bowline/protocol";
import type { StoreOperation } from "./lmdb-store.ts";

/**
 * The version of everything this code writes. It is raised when a row that exists gets another meaning, or when a version that does
 * not know of something new would do harm by leaving it alone. A kind of row that such a version may ignore is no reason: its table
 * joins `laterTables`, a field at the end of a record is written only where it says something.
 *
 * Common to all versions: the names of the tables that they share, the seal of a record (record-bytes.ts), and a meta row that begins
 * with the version.
 */
export const formatVersion = 1;

/** A row of a store, in whatever format. */
export type StoreRow = StoreOperation & { record: Uint8Array };

/** How a store of one format becomes one of the next. */
export interface FormatStep {
  from: number;
  /** What becomes of one row of any table but meta; nothing drops it. Its seal was checked; RangeError means damage. */
  migrate(row: StoreRow): Iterable<StoreRow>;
}

/** What a version writes, and what it can bring up to date. */
export interface StoreFormats {
  current: number;
  /** Each one step, from the oldest that is still known. */
  steps: readonly FormatStep[];
}

export const storeFormats: StoreFormats = { current: formatVersion, steps: [] };

/** The steps that lead from an older format to the current one, in their order; undefined when one of them is missing. */
export function stepsFrom(format: number, { current, steps }: StoreFormats): readonly FormatStep[] | undefined {
  const path: FormatStep[] = [];
  for (let from = format; from < current; from++) {
    const step = steps.find((each) => each.from === from);
    if (step === undefined) return undefined;
    path.push(step);
  }
  return path;
}

/**
 * Passes the current format and those that can be brought up to date.
 *
 * @throws MqttError STORE_NEWER, STORE_OLDER
 */
export function checkFormat(format: number, formats: StoreFormats = storeFormats): void {
  const isNewer = format > formats.current;
  if (!isNewer && stepsFrom(format, formats) !== undefined) return;
  const detail = `its format is ${format}, this version reads ${formats.current}`;
  throw new MqttError(isNewer ? "STORE_NEWER" : "STORE_OLDER", { detail });
}
