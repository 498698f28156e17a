import { closeSync, openSync, statSync } from "node:fs";
import { readSpool } from "./salvage-spool.ts";
import { runChild } from "./verify-store.ts";

interface Reading {
  /** It met no page that ends a reading. */
  isWhole: boolean;
  /** How many rows it met, damaged ones too. */
  read: number;
  /** The key of the last row it could read. */
  last: Uint8Array | undefined;
}

/** Keys of which nothing between is known; what is beyond them has been read. */
interface Gap {
  low: Uint8Array;
  high: Uint8Array;
  /** How often in a row nothing was found. */
  failures: number;
}

interface ChildReport {
  expected: number;
  read: number;
  isWhole: boolean;
}

/** Before the first key and behind the last. */
const lowest = new Uint8Array(1);
const highest = new Uint8Array(10).fill(0xff);

/** A gap of one damaged page costs six processes, each a tenth of a second. */
const maximumFailures = 1;
const maximumReadings = 300;

/**
 * Appends every row of one table of a damaged store that can be read to a spool. Each reading is a process of its own, which the first
 * damaged page may end: forward, then backward, then both ways from the middle of what is unknown still. So a damaged page costs what
 * lies on it and little more, however many there are.
 */
export class SalvagedTable {
  readonly #directory: string;
  readonly #name: string;
  readonly #spoolPath: string;
  /** How many rows the store said the table had; undefined when it could not say. */
  expected: number | undefined;

  constructor(directory: string, name: string, spoolPath: string) {
    this.#directory = directory;
    this.#name = name;
    this.#spoolPath = spoolPath;
  }

  async spool(): Promise<void> {
    const forward = await this.#read("forward", lowest, highest);
    // A store that cannot be opened has no middle either. LMDB may end a reading in silence.
    if (forward.read === this.expected || this.expected === undefined) return;
    const backward = await this.#read("backward", highest, lowest);
    if (backward.read !== this.expected)
      await this.#search({ low: forward.last ?? lowest, high: backward.last ?? highest, failures: 0 });
  }

  async #search(whole: Gap): Promise<void> {
    const gaps = [whole];
    for (let readings = 0; readings < maximumReadings; readings += 2) {
      const gap = gaps.shift();
      if (gap === undefined) return;
      if (Buffer.compare(gap.low, gap.high) < 0) gaps.push(...(await this.#readFromMiddle(gap)));
    }
  }

  /** Answers what is unknown still. */
  async #readFromMiddle({ low, high, failures: before }: Gap): Promise<Gap[]> {
    const middle = middleOf(low, high);
    const up = await this.#read("forward", middle, high);
    const down = await this.#read("backward", middle, low);
    const failures = up.last === undefined && down.last === undefined ? before + 1 : 0;
    const gaps: Gap[] = [];
    if (failures > maximumFailures) return gaps;
    if (!up.isWhole) gaps.push({ low: up.last ?? middle, high, failures });
    if (!down.isWhole) gaps.push({ low, high: down.last ?? middle, failures });
    return gaps;
  }

  async #read(direction: "forward" | "backward", from: Uint8Array, to: Uint8Array): Promise<Reading> {
    const before = statSync(this.#spoolPath, { throwIfNoEntry: false })?.size ?? 0;
    const keys = [from, to].map((key) => Buffer.from(key).toString("hex"));
    const outcome = await runChild("./salvage-child.js", [this.#directory, this.#name, this.#spoolPath, direction, ...keys]);
    this.expected ??= (outcome.lastLine as ChildReport | undefined)?.expected;
    const { isWhole = false, read = 0 } = (outcome.report ?? {}) as Partial<ChildReport>;
    return { isWhole, read, last: lastKey(this.#spoolPath, before) };
  }
}

function lastKey(spoolPath: string, from: number): Uint8Array | undefined {
  if (statSync(spoolPath, { throwIfNoEntry: false }) === undefined) return undefined;
  const file = openSync(spoolPath, "r");
  try {
    let last: Uint8Array | undefined;
    for (const { key } of readSpool(file, from)) last = key;
    return last;
  } finally {
    closeSync(file);
  }
}

/** Keys are ordered as numbers of which they are the first digits. */
function middleOf(low: Uint8Array, high: Uint8Array): Uint8Array {
  const bytes = Math.max(low.length, high.length) + 1;
  const middle = (numberOf(low, bytes) + numberOf(high, bytes)) >> 1n;
  return Buffer.from(middle.toString(16).padStart(2 * bytes, "0"), "hex");
}

function numberOf(key: Uint8Array, bytes: number): bigint {
  return BigInt(`0x${Buffer.concat([key], bytes).toString("hex")}`);
}
