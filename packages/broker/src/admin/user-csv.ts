import { MqttError } from "@bowline/protocol";
import { z } from "zod";
import { EMQX_HASHES, type EmqxHashName, emqxHashing, SALT_POSITIONS, type SaltPosition } from "../auth/import/emqx-hashing.ts";
import { hasPasswords, parseEmqxUsers, parsePlainUsers } from "../auth/import/user-files.ts";
import { Turnstile } from "../auth/turnstile.ts";
import type { TenantUsers } from "../tenants/deployment.ts";

/** A file of users in EMQX's columns; the rest says how the hashes in it were made, which the file does not. */
export interface UserCsv {
  readonly csv: string;
  readonly hash: EmqxHashName;
  readonly salt: SaltPosition;
  readonly iterations: number;
}

export const userCsv: z.ZodType<UserCsv> = z.strictObject({
  csv: z.string(),
  hash: z.enum(EMQX_HASHES).default("sha256"),
  salt: z.enum(SALT_POSITIONS).default("prefix"),
  iterations: z.int().min(1).max(5_000_000).default(4_096),
});

/** Passwords that are hashed for one request: half a minute of work. The command hashes as many as there are. */
const PASSWORDS_MAX = 2_000;
/** Whose passwords are hashed, and who waits for that: clients that log in need the processors too. */
const hashing = new Turnstile(1, 4);

/**
 * Adds the users of a file, all or none. Superusers of the other broker have no rights here until a rule gives them some.
 *
 * @throws MqttError OPTION_INVALID that names the line, USER_EXISTS
 */
export async function importCsv(
  users: TenantUsers,
  file: UserCsv,
  signal: AbortSignal,
): Promise<{ users: number; superusers: string[] }> {
  const { csv } = file;
  if (hasPasswords(csv, FILE)) return importPasswords(users, csv, signal);
  const found = parseEmqxUsers(csv, FILE, emqxHashing(file.hash, file.salt, file.iterations));
  await users.importAll(found.map(({ username, passwordHash }) => ({ username, passwordHash })));
  return { users: found.length, superusers: superusersOf(found) };
}

function superusersOf(users: readonly { username: string; isSuperuser: boolean }[]): string[] {
  return users.filter(({ isSuperuser }) => isSuperuser).map(({ username }) => username);
}

/** What the text is called where a line of it is at fault. */
const FILE = "the file";

async function importPasswords(
  users: TenantUsers,
  csv: string,
  signal: AbortSignal,
): Promise<{ users: number; superusers: string[] }> {
  const plain = parsePlainUsers(csv, FILE);
  if (plain.length > PASSWORDS_MAX) {
    const remedy = "Import them with bowline user import, or in parts.";
    throw new MqttError("OPTION_INVALID", { detail: `${plain.length} passwords, of ${PASSWORDS_MAX} at most`, remedy });
  }
  if ((await hashing.enter(signal)) !== "inside") {
    throw new MqttError("OPTION_INVALID", { detail: "other files are imported just now", remedy: "Try again in a minute." });
  }
  try {
    await users.addAll(plain, undefined, signal);
  } finally {
    hashing.leave();
  }
  return { users: plain.length, superusers: superusersOf(plain) };
}
