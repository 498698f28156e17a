import { readFile } from "node:fs/promises";
import type { EmqxHashing, ForeignUser, PlainUser } from "@bowline/broker/internal";
import type * as Files from "@bowline/broker/internal";
import { MqttError } from "@bowline/protocol";
import type { CommandLine } from "./command-line.ts";
import { ExitCode } from "./exit-code.ts";
import type { Users } from "./users.ts";

/** What EMQX's own default is. */
const ITERATIONS = 4_096;
const ITERATIONS_MAX = 5_000_000;

/**
 * Adds the users of another broker's file, all or none.
 *
 * @throws MqttError USAGE, OPTION_INVALID that names the line, USER_EXISTS
 */
export async function importUsers(line: CommandLine, users: Users, file: string): Promise<number> {
  const files = await import("@bowline/broker/internal");
  const from = line.text("from");
  if (from !== "emqx" && from !== "mosquitto") throw new MqttError("USAGE", { detail: "--from must be emqx or mosquitto" });
  const text = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw new MqttError("OPTION_INVALID", { detail: `${file} cannot be read (${cause.code ?? "unknown"})`, cause });
  });
  const isPlain = from === "emqx" && files.hasPasswords(text, file);
  if (isPlain) return add(line, users, await hashed(files.parsePlainUsers(text, file)));
  const foreign =
    from === "emqx" ? files.parseEmqxUsers(text, file, hashingOf(line, files)) : files.parseMosquittoUsers(text, file);
  return add(line, users, foreign);
}

async function add(line: CommandLine, users: Users, found: readonly ForeignUser[]): Promise<number> {
  await users.importAll(found.map(({ username, passwordHash }) => ({ username, passwordHash })));
  const superusers = found.filter(({ isSuperuser }) => isSuperuser).map(({ username }) => username);
  process.stdout.write(
    line.flag("json") ? `${JSON.stringify({ v: 1, users: found.length, superusers })}\n` : `${found.length} users imported\n`,
  );
  if (superusers.length > 0)
    process.stderr.write(`these were superusers, and have no rights here until a rule gives them some: ${superusers.join(", ")}\n`);
  return ExitCode.Well;
}

/** Hashed here, so that no password goes further than this process. */
async function hashed(plain: readonly PlainUser[]): Promise<ForeignUser[]> {
  const { PasswordHasher } = await import("@bowline/broker/internal");
  const hasher = new PasswordHasher();
  const users: ForeignUser[] = [];
  // One after the other: a queue of thousands would be refused.
  for (const { password, ...user } of plain) users.push({ ...user, passwordHash: await hasher.hash(password) });
  return users;
}

/** Prints all users with their hashes, in EMQX's columns. */
export async function exportUsers(users: Users): Promise<number> {
  const { writeEmqxUsers } = await import("@bowline/broker/internal");
  process.stdout.write(writeEmqxUsers(await users.hashes()));
  return ExitCode.Well;
}

function hashingOf(line: CommandLine, { EMQX_HASHES, emqxHashing, SALT_POSITIONS }: typeof Files): EmqxHashing {
  const hash = EMQX_HASHES.find((name) => name === (line.text("hash") ?? "sha256"));
  const salt = SALT_POSITIONS.find((name) => name === (line.text("salt") ?? "prefix"));
  if (hash === undefined) throw new MqttError("USAGE", { detail: `--hash must be one of ${EMQX_HASHES.join(", ")}` });
  if (salt === undefined) throw new MqttError("USAGE", { detail: `--salt must be one of ${SALT_POSITIONS.join(", ")}` });
  return emqxHashing(hash, salt, line.number("iterations", 1, ITERATIONS_MAX) ?? ITERATIONS);
}
