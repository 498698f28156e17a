import { readFile } from "node:fs/promises";
import type { EmqxHashing } from "@bowline/broker/internal";
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
  const { hasPasswords, parseEmqxUsers, parseMosquittoUsers, parsePlainUsers } = await import("@bowline/broker/internal");
  const from = line.text("from");
  if (from !== "emqx" && from !== "mosquitto") throw new MqttError("USAGE", { detail: "--from must be emqx or mosquitto" });
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new MqttError("OPTION_INVALID", { detail: `${file} cannot be read`, cause });
  });
  if (from === "emqx" && hasPasswords(text, file)) return importPlain(line, users, parsePlainUsers(text, file));
  const found = from === "emqx" ? parseEmqxUsers(text, file, hashingOf(line)) : parseMosquittoUsers(text, file);
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
async function importPlain(
  line: CommandLine,
  users: Users,
  plain: readonly { username: string; password: string }[],
): Promise<number> {
  const { PasswordHasher } = await import("@bowline/broker/internal");
  const hasher = new PasswordHasher();
  const hashed: { username: string; passwordHash: string }[] = [];
  // One after the other: a queue of thousands would be refused.
  for (const { username, password } of plain) hashed.push({ username, passwordHash: await hasher.hash(password) });
  await users.importAll(hashed);
  process.stdout.write(
    line.flag("json") ? `${JSON.stringify({ v: 1, users: hashed.length })}\n` : `${hashed.length} users imported\n`,
  );
  return ExitCode.Well;
}

/** Prints all users with their hashes, in EMQX's columns. */
export async function exportUsers(users: Users): Promise<number> {
  const { writeEmqxUsers } = await import("@bowline/broker/internal");
  process.stdout.write(writeEmqxUsers(await users.hashes()));
  return ExitCode.Well;
}

function hashingOf(line: CommandLine): EmqxHashing {
  const hash = line.text("hash") ?? "sha256";
  const salt = line.text("salt") ?? "prefix";
  if (salt !== "prefix" && salt !== "suffix" && salt !== "disable")
    throw new MqttError("USAGE", { detail: "--salt must be prefix, suffix or disable" });
  if (hash === "bcrypt") return { algorithm: "bcrypt" };
  if (hash === "sha256" || hash === "sha512") return { algorithm: hash, saltPosition: salt };
  const digest = /^pbkdf2-(sha256|sha384|sha512)$/.exec(hash)?.[1] as "sha256" | "sha384" | "sha512" | undefined;
  if (digest === undefined)
    throw new MqttError("USAGE", { detail: "--hash must be sha256, sha512, pbkdf2-sha256, pbkdf2-sha512 or bcrypt" });
  return { algorithm: "pbkdf2", digest, iterations: line.number("iterations", 1, ITERATIONS_MAX) ?? ITERATIONS };
}
