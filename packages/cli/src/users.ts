import { access } from "node:fs/promises";
import type { UserDirectory, UserSummary } from "@bowline/broker/internal";
import { MqttError } from "@bowline/protocol";
import { AdminClient } from "./admin-client.ts";
import { forgetFirstUser } from "./up/first-user.ts";

const TENANT = "default";

/** The users of a data folder, whether a broker runs there or not. */
export interface Users {
  list(): Promise<UserSummary[]>;
  add(username: string, password: string): Promise<void>;
  setPassword(username: string, password: string): Promise<void>;
  setDisabled(username: string, isDisabled: boolean): Promise<void>;
  remove(username: string): Promise<void>;
  /** With hashes of another broker; all or none. */
  importAll(users: readonly { username: string; passwordHash: string }[]): Promise<void>;
}

/**
 * Works on the users of a data folder: through the broker that runs there, or in the store itself when none does.
 *
 * @throws MqttError of the store or of the broker
 */
export async function withUsers<T>(data: string, work: (users: Users) => Promise<T>): Promise<T> {
  const { dataFolder } = await import("@bowline/broker/internal");
  const client = new AdminClient(dataFolder(data).adminSocket);
  return (await client.isAnswered()) ? work(throughBroker(client)) : inStore(data, work);
}

function throughBroker(client: AdminClient): Users {
  const path = (username: string): string => `/api/v1/users/${encodeURIComponent(username)}`;
  return {
    list: async () => (await client.request<{ users: UserSummary[] }>("GET", "/api/v1/users")).users,
    add: (username, password) => client.request("POST", "/api/v1/users", { username, password }),
    setPassword: (username, password) => client.request("PUT", `${path(username)}/password`, { password }),
    setDisabled: (username, isDisabled) => client.request(isDisabled ? "PUT" : "DELETE", `${path(username)}/disabled`),
    remove: (username) => client.request("DELETE", path(username)),
    importAll: async (users) => void (await client.request("POST", "/api/v1/users/import", { users })),
  };
}

async function inStore<T>(data: string, work: (users: Users) => Promise<T>): Promise<T> {
  const { dataFolder, openStorage, PasswordHasher, UserDirectory } = await import("@bowline/broker/internal");
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
    const directory = new UserDirectory(storage, new PasswordHasher());
    const sessions: { id: number; tenant: string; owner: string }[] = [];
    await storage.load({
      user: (user) => directory.loaded(user),
      session: ({ session }) => sessions.push(session),
      message() {},
      retained() {},
      rule() {},
    });
    directory.onChange(({ kind, username }) => {
      if (kind === "password" || kind === "removed") void forgetFirstUser(folder.firstUser, username);
      // As in a running broker: a later user of that name must not find them. Their messages go at the next start.
      if (kind === "removed")
        for (const { id } of sessions.filter((each) => each.tenant === TENANT && each.owner === username))
          storage.deleteSession(id);
    });
    return await work(ofDirectory(directory));
  } finally {
    await storage.close();
  }
}

function ofDirectory(directory: UserDirectory): Users {
  return {
    list: () => Promise.resolve(directory.list(TENANT)),
    add: async (username, password) => void (await directory.add(TENANT, username, password)),
    setPassword: (username, password) => directory.setPassword(TENANT, username, password),
    setDisabled: (username, isDisabled) => directory.setDisabled(TENANT, username, isDisabled),
    remove: (username) => directory.remove(TENANT, username),
    importAll: (users) => directory.importAll(TENANT, users),
  };
}
