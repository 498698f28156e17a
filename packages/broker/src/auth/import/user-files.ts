import type { MqttError } from "@bowline/protocol";
import { parseCsv, writeCsv } from "../../acl/formats/csv.ts";
import { formatFault } from "../../acl/formats/format-fault.ts";
import { isOwnHash } from "../own-hash.ts";
import { isForeignHash } from "./foreign-hash.ts";

/** A user of another broker. */
export interface ForeignUser {
  readonly username: string;
  /** As `foreign-hash.ts` has it. */
  readonly passwordHash: string;
  /** Was allowed everything there. */
  readonly isSuperuser: boolean;
}

/** How the broker that wrote a CSV file hashes; the file itself does not say. */
export type EmqxHashing =
  | { readonly algorithm: "sha256" | "sha512"; readonly saltPosition: "prefix" | "suffix" | "disable" }
  | { readonly algorithm: "pbkdf2"; readonly digest: "sha256" | "sha384" | "sha512"; readonly iterations: number }
  | { readonly algorithm: "bcrypt" };

const PLAIN_COLUMNS = ["username", "password"] as const;
const COLUMNS = ["user_id", "password_hash", "salt", "is_superuser"] as const;

/**
 * The users of a CSV file as EMQX imports and exports them: `user_id,password_hash,salt,is_superuser`.
 *
 * @throws MqttError OPTION_INVALID, which names the line
 */
export function parseEmqxUsers(text: string, file: string, hashing: EmqxHashing): ForeignUser[] {
  const [head, ...rows] = parseCsv(text, file);
  if (head === undefined) throw formatFault(file, 1, "there is no head with the names of the columns");
  for (const name of head.fields)
    if (!(COLUMNS as readonly string[]).includes(name))
      throw formatFault(file, head.line, `the column ${JSON.stringify(name)} is not known`);
  for (const needed of ["user_id", "password_hash"])
    if (!head.fields.includes(needed)) throw formatFault(file, head.line, `the column ${needed} is missing`);
  return rows.map(({ fields, line }) => {
    const fault = (words: string): MqttError => formatFault(file, line, words);
    if (fields.length !== head.fields.length) throw fault(`${fields.length} fields, where the head has ${head.fields.length}`);
    const row = new Map(head.fields.map((name, i) => [name, fields[i]!]));
    const passwordHash = emqxHash(row.get("password_hash")!, row.get("salt") ?? "", hashing);
    // Neither hash nor salt is told: they are nobody's to read.
    if (passwordHash === undefined) throw fault("the password_hash is none of that algorithm");
    return { username: row.get("user_id")!, passwordHash, isSuperuser: truthOf(row.get("is_superuser") ?? "", fault) };
  });
}

/** A user with the password itself. */
export interface PlainUser {
  readonly username: string;
  readonly password: string;
}

/** Whether a CSV file has passwords and not hashes: EMQX Serverless' form, `username,password`. */
export function hasPasswords(text: string, file: string): boolean {
  const [head] = parseCsv(text, file);
  return head?.fields.join() === PLAIN_COLUMNS.join();
}

/**
 * The users of such a file.
 *
 * @throws MqttError OPTION_INVALID, which names the line
 */
export function parsePlainUsers(text: string, file: string): PlainUser[] {
  const [, ...rows] = parseCsv(text, file);
  return rows.map(({ fields, line }) => {
    const [username = "", password = "", ...more] = fields;
    if (more.length > 0 || fields.length < 2) throw formatFault(file, line, `${fields.length} fields, where the head has 2`);
    if (password === "") throw formatFault(file, line, "the password is empty");
    return { username, password };
  });
}

/** Users with their hashes in EMQX's columns, to be imported by another broker of ours: EMQX itself does not know Argon2. */
export function writeEmqxUsers(users: readonly { username: string; passwordHash: string }[]): string {
  return writeCsv([[...COLUMNS], ...users.map(({ username, passwordHash }) => [username, passwordHash, "", "false"])]);
}

/**
 * The users of mosquitto's password file, `mosquitto_passwd`'s: `user:$7$...` or `user:$6$...`.
 *
 * @throws MqttError OPTION_INVALID, which names the line
 */
export function parseMosquittoUsers(text: string, file: string): ForeignUser[] {
  const users: ForeignUser[] = [];
  for (const [i, each] of text.split("\n").entries()) {
    const line = each.trimEnd();
    if (line === "" || line.startsWith("#")) continue;
    const colon = line.indexOf(":");
    const passwordHash = line.slice(colon + 1);
    if (colon < 1) throw formatFault(file, i + 1, "there is no user before a colon");
    if (!/^\$[67]\$/.test(passwordHash) || !isForeignHash(passwordHash))
      throw formatFault(
        file,
        i + 1,
        "the password is not hashed as mosquitto_passwd does; run mosquitto_passwd -U on the file first",
      );
    users.push({ username: line.slice(0, colon), passwordHash, isSuperuser: false });
  }
  return users;
}

function emqxHash(hash: string, salt: string, hashing: EmqxHashing): string | undefined {
  if (isOwnHash(hash)) return hash;
  const made = hashing.algorithm === "bcrypt" ? hash : hexHash(hash, salt, hashing);
  return made !== undefined && isForeignHash(made) ? made : undefined;
}

/** EMQX takes the salt as the text that stands there, and writes the hash in hexadecimal. */
function hexHash(hash: string, salt: string, hashing: Exclude<EmqxHashing, { algorithm: "bcrypt" }>): string | undefined {
  if (hash.length === 0 || hash.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(hash)) return undefined;
  const [saltText, hashText] = [Buffer.from(salt).toString("base64"), Buffer.from(hash, "hex").toString("base64")];
  if (hashing.algorithm === "pbkdf2") return `$emqx-pbkdf2-${hashing.digest}$${hashing.iterations}$${saltText}$${hashText}`;
  if (hash.length !== (hashing.algorithm === "sha256" ? 64 : 128)) return undefined;
  return `$emqx-${hashing.algorithm}$${hashing.saltPosition}$${saltText}$${hashText}`;
}

function truthOf(text: string, fault: (words: string) => MqttError): boolean {
  if (text === "true" || text === "1") return true;
  if (text === "false" || text === "0" || text === "") return false;
  throw fault("is_superuser is neither true nor false");
}
