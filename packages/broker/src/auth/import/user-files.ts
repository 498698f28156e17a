import type { MqttError } from "@bowline/protocol";
import { type CsvRecord, parseCsv, writeCsv } from "../../acl/formats/csv.ts";
import { formatFault } from "../../acl/formats/format-fault.ts";
import { isOwnHash } from "../own-hash.ts";
import { emqxHash, type EmqxHashing } from "./emqx-hashing.ts";
import { isForeignHash } from "./foreign-hash.ts";

/** A user of another broker. */
export interface ForeignUser {
  readonly username: string;
  /** As `foreign-hash.ts` has it. */
  readonly passwordHash: string;
  /** Was allowed everything there. */
  readonly isSuperuser: boolean;
}

const COLUMNS = ["user_id", "password_hash", "salt", "is_superuser"] as const;

/**
 * The users of a CSV file as EMQX imports and exports them: `user_id,password_hash,salt,is_superuser`.
 *
 * @throws MqttError OPTION_INVALID, which names the line
 */
export function parseEmqxUsers(text: string, file: string, hashing: EmqxHashing): ForeignUser[] {
  const [head, ...rows] = parseCsv(text, file);
  if (head === undefined) throw formatFault(file, 1, "there is no head with the names of the columns");
  checkColumns(head, file, COLUMNS);
  for (const needed of ["user_id", "password_hash"])
    if (!head.fields.includes(needed)) throw formatFault(file, head.line, `the column ${needed} is missing`);
  return rows.map((each) => {
    const fault = (words: string): MqttError => formatFault(file, each.line, words);
    const row = fieldsOf(each, head.fields, fault);
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
  /** Was allowed everything there. */
  readonly isSuperuser: boolean;
}

/** Whether a CSV file has passwords and not hashes: EMQX Serverless' form, `username,password`, or EMQX's `user_id,password,is_superuser`. */
export function hasPasswords(text: string, file: string): boolean {
  const [head] = parseCsv(text, file);
  return head?.fields.includes("password") === true;
}

/**
 * The users of such a file.
 *
 * @throws MqttError OPTION_INVALID, which names the line
 */
export function parsePlainUsers(text: string, file: string): PlainUser[] {
  const [head, ...rows] = parseCsv(text, file);
  const names = head!.fields;
  checkColumns(head!, file, [names.includes("user_id") ? "user_id" : "username", "password", "is_superuser"]);
  return rows.map((row) => {
    const fault = (words: string): MqttError => formatFault(file, row.line, words);
    const fields = fieldsOf(row, names, fault);
    const password = fields.get("password")!;
    if (password === "") throw fault("the password is empty");
    const username = fields.get("user_id") ?? fields.get("username") ?? "";
    return { username, password, isSuperuser: truthOf(fields.get("is_superuser") ?? "", fault) };
  });
}

/** What stands in the place of a head may be a line of hashes or passwords, and is told only where it looks like a column. */
function checkColumns({ fields, line }: CsvRecord, file: string, known: readonly string[]): void {
  const wrong = fields.find((name) => !known.includes(name));
  if (wrong === undefined) return;
  const shown = /^[a-z_]{1,32}$/i.test(wrong)
    ? `the column ${JSON.stringify(wrong)} is not known`
    : "this is no head with the names of columns";
  throw formatFault(file, line, `${shown}; known are ${known.join(", ")}`);
}

function fieldsOf(
  { fields }: CsvRecord,
  names: readonly string[],
  fault: (words: string) => MqttError,
): ReadonlyMap<string, string> {
  if (fields.length !== names.length) throw fault(`${fields.length} fields, where the head has ${names.length}`);
  return new Map(names.map((name, i) => [name, fields[i]!]));
}

/** Users with their hashes in EMQX's columns, to be imported by another broker of ours: EMQX itself does not know Argon2. */
export function writeEmqxUsers(users: readonly { username: string; passwordHash: string }[]): string {
  return writeCsv([[...COLUMNS], ...users.map(({ username, passwordHash }) => [username, passwordHash, "", "false"])]);
}

/**
 * The users of mosquitto's password file, `mosquitto_passwd`'s: `user:$7$...`, `user:$6$...`, or since 2.1 `user:$argon2id$...`.
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
    if (!/^\$([67]|argon2id)\$/.test(passwordHash) || !(isForeignHash(passwordHash) || isOwnHash(passwordHash)))
      throw formatFault(
        file,
        i + 1,
        "the password is not hashed as mosquitto_passwd does; run mosquitto_passwd -U on the file first",
      );
    users.push({ username: line.slice(0, colon), passwordHash, isSuperuser: false });
  }
  return users;
}

function truthOf(text: string, fault: (words: string) => MqttError): boolean {
  if (text === "true" || text === "1") return true;
  if (text === "false" || text === "0" || text === "") return false;
  throw fault("is_superuser is neither true nor false");
}
