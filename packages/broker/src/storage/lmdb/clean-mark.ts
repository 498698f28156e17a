import { closeSync, fsyncSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";

/**
 * Tells whether a store was closed as it should be. The mark is written after the last flush and removed before the first write,
 * so a kill, a crash or a power cut leaves none. It also holds the size and time of the data file: a file that was cut, copied
 * or written by anything else since then counts as not clean, and is walked before it is trusted.
 */
const fileName = "clean";
const dataFile = "data.mdb";

export function hasData(directory: string): boolean {
  return statSync(join(directory, dataFile), { throwIfNoEntry: false }) !== undefined;
}

export function isClean(directory: string): boolean {
  try {
    return readFileSync(join(directory, fileName), "utf8") === describe(directory);
  } catch {
    return false;
  }
}

export function removeCleanMark(directory: string): void {
  rmSync(join(directory, fileName), { force: true });
  syncDirectory(directory);
}

/** On a full disk there will be none, and the next start takes longer: no reason to fail at the end. */
export function writeCleanMark(directory: string): void {
  try {
    const file = openSync(join(directory, fileName), "w", 0o600);
    try {
      writeSync(file, describe(directory));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    syncDirectory(directory);
  } catch {
    rmSync(join(directory, fileName), { force: true });
  }
}

function describe(directory: string): string {
  const { size, mtimeMs } = statSync(join(directory, dataFile));
  return JSON.stringify({ size, mtimeMs });
}

/** Without it the name may survive a power cut that the removal of it did not. Windows cannot open folders, and needs not. */
export function syncDirectory(directory: string): void {
  if (process.platform === "win32") return;
  const file = openSync(directory, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
