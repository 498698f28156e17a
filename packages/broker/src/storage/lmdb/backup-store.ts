import { copyFile, link, mkdir, mkdtemp, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { MqttError } from "@bowline/protocol";
import { hasData, syncDirectory } from "./clean-mark.ts";
import { StoreLock } from "./store-lock.ts";
import { damaged, runChild, verifyStore } from "./verify-store.ts";

/** What a backup holds, or what a restored store does. */
export interface BackupReport {
  rows: number;
  bytes: number;
}

/** What copy-child.ts says of its work: nothing when it is done. */
export interface CopyOutcome {
  damage?: string;
  failure?: string;
}

const dataFile = "data.mdb";

/**
 * Writes a copy of a store to a new file, whether a broker has the store open or not: as of one moment, so that every transaction
 * is in it whole or not at all, and everything that was acknowledged before. Each row of the copy is checked before the file gets
 * its name; a backup that exists can be restored.
 *
 * It needs nothing of a running broker, whose event loop does not notice: LMDB lets other processes read. Only the pages that the
 * broker frees meanwhile cannot be used again before the copy is done.
 *
 * @throws MqttError STORE_UNREADABLE, STORE_DAMAGED, STORE_NEWER, STORE_FAILED, OPTION_INVALID when the file exists or cannot be made
 */
export async function backupStore(directory: string, file: string): Promise<BackupReport> {
  if (!hasData(directory)) throw new MqttError("STORE_UNREADABLE", { detail: `there is no store in ${directory}` });
  const aside = await mkdtemp(`${file}.partial-`).catch((error: unknown) => {
    throw cannotWrite(file, error);
  });
  try {
    await copyAside(directory, aside);
    const { soundRows } = await verifyStore(aside);
    const bytes = await finishFile(join(aside, dataFile));
    // A link, and no renaming: what has the name already is never replaced.
    await link(join(aside, dataFile), file).catch((error: unknown) => {
      throw cannotWrite(file, error);
    });
    syncDirectory(dirname(file));
    return { rows: soundRows, bytes };
  } finally {
    await rm(aside, { recursive: true });
  }
}

/**
 * Makes a store of a backup, in a folder that has none. Every row is checked before anything is in place.
 *
 * @throws MqttError STORE_EXISTS, STORE_IN_USE, STORE_DAMAGED and STORE_NEWER for the backup, OPTION_INVALID when it cannot be read
 */
export async function restoreStore(file: string, directory: string): Promise<BackupReport> {
  await stat(file).catch((cause: unknown) => {
    throw new MqttError("OPTION_INVALID", { detail: `${file} cannot be read (${codeOf(cause)})`, cause });
  });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const lock = StoreLock.acquire(directory);
  try {
    if (hasData(directory)) throw new MqttError("STORE_EXISTS", { detail: directory });
    return await restoreInto(directory, file);
  } finally {
    lock.release();
  }
}

async function restoreInto(directory: string, file: string): Promise<BackupReport> {
  const aside = join(directory, "new");
  await rm(aside, { recursive: true, force: true });
  await mkdir(aside, { mode: 0o700 });
  try {
    await copyFile(file, join(aside, dataFile));
    const { soundRows } = await verifyStore(aside).catch((error: unknown) => {
      throw aboutBackup(error);
    });
    const bytes = await finishFile(join(aside, dataFile));
    await rename(join(aside, dataFile), join(directory, dataFile));
    syncDirectory(directory);
    return { rows: soundRows, bytes };
  } finally {
    await rm(aside, { recursive: true });
  }
}

async function copyAside(directory: string, aside: string): Promise<void> {
  const { report, ending } = await runChild("./copy-child.js", [directory, aside]);
  if (report === undefined) throw damaged(ending);
  const { damage, failure } = report as CopyOutcome;
  if (damage !== undefined) throw damaged(damage);
  if (failure !== undefined) throw new MqttError("STORE_FAILED", { detail: `the store cannot be copied: ${failure}` });
}

/** Answers its size. Passwords' hashes and messages are in it, so it is for its owner alone. */
async function finishFile(path: string): Promise<number> {
  const file = await open(path, "r+");
  try {
    await file.chmod(0o600);
    await file.sync();
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}

function cannotWrite(file: string, cause: unknown): MqttError {
  const code = codeOf(cause);
  const detail = code === "EEXIST" ? `${file} exists already` : `${file} cannot be written (${code})`;
  return new MqttError("OPTION_INVALID", { detail, cause });
}

/** The store's own advice would be to salvage it, and a damaged backup is none yet. */
function aboutBackup(error: unknown): unknown {
  if (!MqttError.is(error) || error.code !== "STORE_DAMAGED") return error;
  return new MqttError("STORE_DAMAGED", {
    detail: `the backup is: ${error.message.replace(/^[^:]*: [^:]*: /, "")}`,
    remedy: `Restore another backup, or put this one in place as store/${dataFile} and run \`bowline backup --salvage\`.`,
    cause: error,
  });
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
