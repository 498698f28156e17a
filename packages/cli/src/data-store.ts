import { access } from "node:fs/promises";
import type { RuleAccess, Storage, TenantRegistry, UserDirectory } from "@bowline/broker/internal";
import { MqttError } from "@bowline/protocol";

/** What commands change in the store of a broker that does not run. */
export interface DataStore {
  readonly storage: Storage;
  readonly users: UserDirectory;
  readonly rules: RuleAccess;
  readonly tenants: TenantRegistry;
  readonly sessions: readonly { id: number; tenant: string; owner: string }[];
}

/**
 * Opens the store of a data folder for a while.
 *
 * @throws MqttError STORE_UNREADABLE without such a folder, TENANT_UNKNOWN, and of the store
 */
export async function inStore<T>(data: string, tenant: string, work: (store: DataStore) => Promise<T>): Promise<T> {
  const { dataFolder, openStorage, PasswordHasher, RuleAccess, RuleDirectory, TenantRegistry, UserDirectory } = await import(
    "@bowline/broker/internal"
  );
  const folder = dataFolder(data);
  await access(folder.path).catch((cause: unknown) => {
    throw new MqttError("STORE_UNREADABLE", {
      detail: `there is no data folder ${data}`,
      remedy: "Start the broker once, or correct --data.",
      cause,
    });
  });
  const storage = await openStorage({ directory: folder.store });
  try {
    const users = new UserDirectory(storage, new PasswordHasher());
    const rules = new RuleAccess(new RuleDirectory(storage));
    const tenants = new TenantRegistry(storage);
    const sessions: DataStore["sessions"][number][] = [];
    const rows: Parameters<typeof rules.begin>[0][number][] = [];
    await storage.load({
      user: (user) => users.loaded(user),
      session: ({ session }) => sessions.push(session),
      rule: (row) => rows.push(row),
      message() {},
      retained() {},
    });
    rules.begin(rows);
    tenants.begin(rows);
    if (!tenants.has(tenant)) throw new MqttError("TENANT_UNKNOWN", { detail: `"${tenant}"` });
    return await work({ storage, users, rules, tenants, sessions });
  } finally {
    await storage.close();
  }
}
