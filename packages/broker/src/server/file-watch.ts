import { type Stats, unwatchFile, watchFile } from "node:fs";
import { isDeepStrictEqual } from "node:util";

/** Between the last change seen and the call: a certificate and its key are two files, and mostly change one after the other. */
const SETTLE_MS = 250;

/** Content, place, or who may read it. */
const WHAT_CHANGES = ["mtimeMs", "ctimeMs", "size", "ino"] as const;

/**
 * Calls back when one of its files has changed. Files are looked at by their names, again and again, which is all that works with the
 * swapped links of ACME clients and containers, and with network file systems.
 */
export class FileWatch {
  readonly #changed: () => void;
  #files: readonly string[] = [];
  #intervalMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Watches these files in place of those before, each `intervalMs`; 0 for none. */
  watch(files: readonly string[], intervalMs: number): void {
    const wanted = intervalMs === 0 ? [] : [...new Set(files)];
    // Beginning anew would miss what changes before the first look.
    if (intervalMs === this.#intervalMs && isDeepStrictEqual(wanted, this.#files)) return;
    this.close();
    this.#files = wanted;
    this.#intervalMs = intervalMs;
    for (const file of this.#files) watchFile(file, { interval: intervalMs, persistent: false }, this.#noticed);
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const file of this.#files) unwatchFile(file, this.#noticed);
    this.#files = [];
  }

  readonly #noticed = (now: Stats, before: Stats): void => {
    // It is told as well that a file is not there, and that one was read.
    if (WHAT_CHANGES.every((name) => now[name] === before[name])) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#changed, SETTLE_MS);
  };
}
