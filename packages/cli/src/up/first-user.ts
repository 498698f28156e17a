import { access, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { Server } from "@bowline/broker/internal";
import { generatePassword } from "@bowline/broker/internal/light";
import { readCredentialsFile, writeCredentialsFile } from "../credentials-file.ts";

const TENANT = "default";
const USERNAME = "dev";
/** Without a rule nobody may do anything: this one is there to be seen, and to be taken away. */
const FIRST_RULE = "first-user";

/** Who a newcomer logs in as. */
export interface FirstUser {
  username: string;
  /** Only when it was made just now: the one time it is shown. */
  password: string | undefined;
  /** The credentials file, where it still exists. */
  file: string | undefined;
}

/**
 * Makes a user with a strong password in a store that has none, and keeps the file with its credentials in step: with the
 * address at each start, and gone as soon as its password no longer holds.
 */
export async function ensureFirstUser(server: Server, url: string, isMemory: boolean): Promise<FirstUser | undefined> {
  // What forgets with its process must not touch the credentials of the store that lies in the same folder.
  const file = isMemory ? join(server.folder.path, "first-user-memory.json") : server.folder.firstUser;
  const ca = server.localCa?.certificateFile;
  server.users.onChange(({ kind, tenant, username }) => {
    if (kind !== "password" && kind !== "removed") return;
    void forgetFirstUser(tenant === TENANT ? file : server.folder.firstUserOf(tenant), username);
  });
  if (server.users.size === 0) {
    const password = generatePassword();
    // The file first: a crash in between must not leave a user whose password nobody knows.
    await writeCredentialsFile(file, { url, username: USERNAME, password, ...(ca === undefined ? {} : { ca }) });
    await server.users.add(TENANT, USERNAME, password);
    if (!server.rules.list(TENANT).some(({ id }) => id === FIRST_RULE)) await letDoAnything(server, USERNAME);
    return { username: USERNAME, password, file };
  }
  if (!(await exists(file))) return undefined;
  const { username, password } = await readCredentialsFile(file);
  if (username === undefined || password === undefined) return undefined;
  await writeCredentialsFile(file, { url, username, password, ...(ca === undefined ? {} : { ca }) });
  // A store from before there were rules.
  if (server.rules.isUntouched(TENANT)) await letDoAnything(server, username);
  return { username, password: undefined, file };
}

async function letDoAnything(server: Server, user: string): Promise<void> {
  await server.rules.add(TENANT, { id: FIRST_RULE, permission: "allow", action: "both", topics: ["#"], user });
}

/** Deletes the file when it is that user's: its password no longer holds. */
export async function forgetFirstUser(file: string, username: string): Promise<void> {
  const kept = await readCredentialsFile(file).catch(() => undefined);
  if (kept?.username === username) await unlink(file).catch(() => {});
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
