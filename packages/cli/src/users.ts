import type { UserSummary } from "@bowline/broker/internal";
import type { AdminClient } from "./admin-client.ts";
import type { AdminTarget } from "./admin-target.ts";
import { type DataStore, inStore } from "./data-store.ts";
import { tenantPath } from "./tenant-option.ts";
import { forgetFirstUser } from "./up/first-user.ts";

/** The users of a tenant in a data folder, whether a broker runs there or not. */
export interface Users {
  list(): Promise<UserSummary[]>;
  add(username: string, password: string): Promise<void>;
  setPassword(username: string, password: string): Promise<void>;
  setDisabled(username: string, isDisabled: boolean): Promise<void>;
  remove(username: string): Promise<void>;
  /** With hashes of another broker; all or none. */
  importAll(users: readonly { username: string; passwordHash: string }[]): Promise<void>;
  hashes(): Promise<{ username: string; passwordHash: string }[]>;
}

/**
 * Works on the users of a tenant: through the broker that runs in the data folder, or in the store itself when none does.
 *
 * @throws MqttError of the store or of the broker
 */
export async function withUsers<T>(
  { client, folder }: AdminTarget,
  tenant: string,
  work: (users: Users) => Promise<T>,
): Promise<T> {
  if (folder === undefined || (await client.isAnswered())) return work(throughBroker(client, tenant));
  return inStore(folder.path, tenant, async (store) => {
    const { users } = store;
    users.onChange(({ kind, username }) => {
      const file = tenant === "default" ? folder.firstUser : folder.firstUserOf(tenant);
      if (kind === "password" || kind === "removed") void forgetFirstUser(file, username);
      if (kind === "removed") dropSessions(store, tenant, username);
    });
    const { usersOf } = await import("@bowline/broker/internal");
    const own = usersOf(users, tenant);
    return work({
      ...own,
      list: () => Promise.resolve(own.list()),
      hashes: () => Promise.resolve(own.hashes()),
      add: async (username, password) => void (await own.add(username, password)),
    });
  });
}

function throughBroker(client: AdminClient, tenant: string): Users {
  const all = `${tenantPath(tenant)}/users`;
  const path = (username: string): string => `${all}/${encodeURIComponent(username)}`;
  return {
    list: () => client.list<UserSummary>(all, "users"),
    add: (username, password) => client.request("POST", all, { username, password }),
    setPassword: (username, password) => client.request("PUT", `${path(username)}/password`, { password }),
    setDisabled: (username, isDisabled) => client.request(isDisabled ? "PUT" : "DELETE", `${path(username)}/disabled`),
    remove: (username) => client.request("DELETE", path(username)),
    hashes: async () =>
      (await client.request<{ users: { username: string; passwordHash: string }[] }>("GET", `${all}/export`)).users,
    importAll: async (users) => void (await client.request("POST", `${all}/import`, { users })),
  };
}

/** As in a running broker: a later user of that name must not find them. Their messages go at the next start. */
function dropSessions({ storage, sessions }: DataStore, tenant: string, owner: string): void {
  for (const { id } of sessions.filter((each) => each.tenant === tenant && each.owner === owner)) storage.deleteSession(id);
}
