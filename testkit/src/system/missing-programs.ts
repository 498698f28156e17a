import { accessSync, constants } from "node:fs";
import { join } from "node:path";

/**
 * Why tests that need these programs are skipped here, or an empty text when all are there. Under CI=true the run that installs
 * the programs is red by itself when one is missing, so skipping never hides a lack.
 */
export function missingPrograms(...names: string[]): string {
  const missing = names.filter((name) => !hasProgram(name));
  return missing.length === 0 ? "" : `not on this machine: ${missing.join(", ")}`;
}

/** Servers live in sbin, which the path of an ordinary user lacks. */
export function programPath(name: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function hasProgram(name: string): boolean {
  return programPath(name) !== undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
