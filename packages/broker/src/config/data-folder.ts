import { constants } from "node:fs";
import { access, mkdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { MqttError } from "@bowline/protocol";

/** Where everything of a broker lies; the names are the same in every version, since commands and people look for them. */
export interface DataFolder {
  readonly path: string;
  /** Folder of the embedded store. */
  readonly store: string;
  /** The admin API of the running broker. */
  readonly adminSocket: string;
  /** Certificate of the local authority. */
  readonly ca: string;
  readonly operatorKey: string;
  /** Who asked the admin API for which change. */
  readonly auditLog: string;
  /** Address and password of the user made at the first start. */
  readonly firstUser: string;
  /** The same of a tenant. */
  readonly firstUserOf: (tenant: string) => string;
}

export function dataFolder(path: string): DataFolder {
  return {
    path,
    store: join(path, "store"),
    adminSocket: join(path, "admin.sock"),
    ca: join(path, "ca.pem"),
    operatorKey: join(path, "operator.key"),
    auditLog: join(path, "audit.log"),
    firstUser: join(path, "first-user.json"),
    firstUserOf: (tenant) => join(path, "tenants", tenant, "first-user.json"),
  };
}

/**
 * Makes the folder, readable for its owner alone: keys and messages lie in it.
 *
 * @throws MqttError DATA_DIR_UNWRITABLE
 */
export async function makeDataFolder(path: string): Promise<DataFolder> {
  try {
    await makeFolder(path);
    await access(path, constants.W_OK | constants.X_OK);
    return dataFolder(path);
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

/** A file or folder among the data that this process may not use, in words. */
export function unwritable(path: string, cause: unknown): MqttError {
  const { code = "unknown" } = cause as NodeJS.ErrnoException;
  return new MqttError("DATA_DIR_UNWRITABLE", { detail: `${path}: ${FAULTS[code] ?? code}`, cause });
}

const FAULTS: Readonly<Record<string, string>> = {
  EACCES: "this user may not write there (EACCES)",
  EPERM: "this user may not write there (EPERM)",
  EROFS: "the file system is read-only (EROFS)",
  ENOSPC: "the disk is full (ENOSPC)",
  EDQUOT: "the disk quota is used up (EDQUOT)",
  EEXIST: "it is no folder (EEXIST)",
  ENOTDIR: "a part of the path is no folder (ENOTDIR)",
  ENOENT: "no folder can be made there (ENOENT)",
};

/** Node's own recursive one runs for ever where no folder can be made, as below /proc, and calls a read-only file system ENOENT. */
async function makeFolder(path: string): Promise<void> {
  const error = await mkdirOnce(path);
  if (error === undefined) return;
  const parent = dirname(path);
  if (error.code !== "ENOENT" || parent === path || (await isFolder(parent))) throw error;
  await makeFolder(parent);
  const again = await mkdirOnce(path);
  if (again !== undefined) throw again;
}

/** Undefined when the folder is there. */
async function mkdirOnce(path: string): Promise<NodeJS.ErrnoException | undefined> {
  try {
    await mkdir(path, { mode: 0o700 });
    return undefined;
  } catch (error) {
    return (await isFolder(path)) ? undefined : (error as NodeJS.ErrnoException);
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
