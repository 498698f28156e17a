import { mkdir } from "node:fs/promises";
import { join } from "node:path";
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
    await mkdir(path, { recursive: true, mode: 0o700 });
    return dataFolder(path);
  } catch (cause) {
    throw new MqttError("DATA_DIR_UNWRITABLE", {
      detail: `${path} (${(cause as NodeJS.ErrnoException).code ?? "unknown"})`,
      cause,
    });
  }
}
