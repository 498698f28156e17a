import { statfsSync } from "node:fs";

/**
 * Whether the disk has room for a transaction, asked before lmdb is: a write that the system refuses makes this version of it note the
 * error in a buffer that may be some bytes too short, so a full disk could end the process, and each attempt anew.
 *
 * What others write at the same moment, and quotas that the system does not tell, are found by the write itself, as before.
 */
export class DiskRoom {
  readonly #directory: string;
  /** What there was at the last look, less what was written since. */
  #left = 0;
  #lookAgainAt = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  has(bytes: number): boolean {
    const now = performance.now();
    if (now >= this.#lookAgainAt || this.#left - bytes < plenty) {
      this.#left = freeBytes(this.#directory);
      this.#lookAgainAt = now + lookEveryMs;
    }
    this.#left -= bytes;
    return this.#left >= 0;
  }
}

/** With less left it is looked each time: others that fill a disk do so by some GB a second at most. */
const plenty = 2 ** 30;
const lookEveryMs = 100;

/** A hundredth of the disk is left alone, within these: for the pages that a transaction changes beside its records, and for others. */
const leastReserve = 2 ** 20;
const largestReserve = 2 ** 26;

/** Infinity where the system does not tell. */
function freeBytes(directory: string): number {
  try {
    const { bavail, blocks, bsize } = statfsSync(directory);
    if (blocks === 0) return Number.POSITIVE_INFINITY;
    return bavail * bsize - Math.min(Math.max((blocks * bsize) / 100, leastReserve), largestReserve);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
