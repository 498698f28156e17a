import { isUtf8 } from "node:buffer";
import { randomBytes } from "node:crypto";
import { MqttError } from "@bowline/protocol";
import type { Storage, StoredUser } from "../storage/storage.ts";
import { isOwnHash } from "./own-hash.ts";
import { isForeignHash } from "./import/foreign-hash.ts";
import { isScramSettled, withScramKeys } from "./scram/scram-keys.ts";
import type { PasswordHasher } from "./password-hasher.ts";

/** What happened to a user; whoever holds connections of one with another password, a disabled or a removed one closes them. */
export interface UserChange {
  kind: "added" | "password" | "disabled" | "enabled" | "removed";
  tenant: string;
  username: string;
}

/** A user as shown to operators: everything but the hash. */
export interface UserSummary {
  tenant: string;
  username: string;
  /** Wall time in ms. */
  createdAt: number;
  /** May not log in. */
  disabled: boolean;
}

/** Longest user name in UTF-8 bytes; topics and access rules repeat it, so it stays well below their own limits. */
const USERNAME_BYTES_MAX = 256;
/** RFC 9106 sets no limit, but every check reads the whole password before any limit of the user applies. */
const PASSWORD_BYTES_MAX = 1024;

/** The MQTT users of all tenants: in memory for reading, in the storage for keeping. */
export class UserDirectory {
  /** A hash of a password nobody knows, to spend the same time on users who do not exist. */
  readonly strangerHash: string = makeStrangerHash();
  /** With a number, SCRAM keys of so many rounds are kept beside each hash. They are easier to guess from, so only where they are wanted. */
  scramIterations: number | undefined;
  readonly #users = new Map<string, StoredUser>();
  readonly #listeners: ((change: UserChange) => void)[] = [];
  readonly #storage: Storage;
  readonly #hasher: PasswordHasher;
  readonly #wallTime: () => number;

  constructor(storage: Storage, hasher: PasswordHasher, wallTime: () => number = Date.now) {
    this.#storage = storage;
    this.#hasher = hasher;
    this.#wallTime = wallTime;
  }

  /** Calls the listener at each change, as soon as it is in force. */
  onChange(listener: (change: UserChange) => void): void {
    this.#listeners.push(listener);
  }

  /** Takes a user that the storage handed over while it was loading. */
  loaded(user: StoredUser): void {
    this.#users.set(userKey(user.tenant, user.username), user);
  }

  find(tenant: string, username: string): StoredUser | undefined {
    return this.#users.get(userKey(tenant, username));
  }

  /** Users of all tenants. */
  get size(): number {
    return this.#users.size;
  }

  /** The users of a tenant by name. */
  list(tenant: string): UserSummary[] {
    const users = [...this.#users.values()].filter((user) => user.tenant === tenant);
    return users.map(summarize).sort((a, b) => (a.username < b.username ? -1 : 1));
  }

  /**
   * Resolves when the user is kept.
   *
   * @param check Throws when the user cannot be had after all: it is asked when the password is hashed, and others may have come meanwhile.
   * @throws MqttError OPTION_INVALID, USER_EXISTS, STORE_READ_ONLY and the like
   */
  async add(tenant: string, username: string, password: string, check?: () => void): Promise<UserSummary> {
    const [user] = await this.addAll(tenant, [{ username, password }], check);
    return user!;
  }

  /**
   * The same for several, all or none: a crash in between keeps none of them.
   *
   * @param signal Of whoever waits for it: who goes away meanwhile has none of them.
   */
  async addAll(
    tenant: string,
    users: readonly { username: string; password: string }[],
    check?: () => void,
    signal?: AbortSignal,
  ): Promise<UserSummary[]> {
    mustBeDifferent(users);
    for (const { username, password } of users) {
      checkUsername(username);
      checkPassword(password);
      this.#mustNotExist(tenant, username);
    }
    const hashes: string[] = [];
    // One after the other: clients that log in must not wait behind all of them.
    for (const { password } of users) {
      signal?.throwIfAborted();
      hashes.push(await this.#hash(password));
    }
    // Others may have come first while the passwords were hashed.
    for (const { username } of users) this.#mustNotExist(tenant, username);
    check?.();
    const createdAt = this.#wallTime();
    const added = users.map(({ username }, i): StoredUser => ({ tenant, username, passwordHash: hashes[i]!, createdAt }));
    for (const user of added) this.#put(user, "added");
    await this.#storage.flush();
    return added.map(summarize);
  }

  /** @throws MqttError OPTION_INVALID, USER_UNKNOWN, STORE_READ_ONLY and the like */
  async setPassword(tenant: string, username: string, password: string): Promise<void> {
    checkPassword(password);
    this.#mustExist(tenant, username);
    const passwordHash = await this.#hash(password);
    const user = this.#mustExist(tenant, username);
    await this.#keep({ ...user, passwordHash }, "password");
  }

  /**
   * Lets a user log in or not; nothing happens when it is so already.
   *
   * @throws MqttError USER_UNKNOWN, STORE_READ_ONLY and the like
   */
  async setDisabled(tenant: string, username: string, isDisabled: boolean): Promise<void> {
    const { disabled, ...user } = this.#mustExist(tenant, username);
    if ((disabled ?? false) === isDisabled) return;
    if (isDisabled) await this.#keep({ ...user, disabled: true }, "disabled");
    else await this.#keep(user, "enabled");
  }

  /**
   * Adds users of another broker with their hashes, all or none.
   *
   * @throws MqttError OPTION_INVALID, USER_EXISTS, STORE_READ_ONLY and the like
   */
  async importAll(tenant: string, users: readonly { username: string; passwordHash: string }[]): Promise<void> {
    mustBeDifferent(users);
    for (const { username, passwordHash } of users) {
      checkUsername(username);
      if (!isForeignHash(passwordHash) && !isOwnHash(passwordHash))
        throw new MqttError("OPTION_INVALID", { detail: `the hash of "${username}" is of no known kind` });
      this.#mustNotExist(tenant, username);
    }
    const createdAt = this.#wallTime();
    for (const { username, passwordHash } of users) this.#put({ tenant, username, passwordHash, createdAt }, "added");
    await this.#storage.flush();
  }

  /** The users of a tenant with their hashes, for an export. Whoever has them can guess passwords at leisure. */
  hashes(tenant: string): { username: string; passwordHash: string }[] {
    const own = [...this.#users.values()].filter((user) => user.tenant === tenant);
    // Without the keys of SCRAM behind it, which the next login makes anew.
    return own.map(({ username, passwordHash }) => ({ username, passwordHash: passwordHash.split(" ")[0]! }));
  }

  /** Whether the next right password is to make other credentials: of an imported hash, or where SCRAM keys are missing. */
  isOutdated({ passwordHash }: StoredUser): boolean {
    if (isForeignHash(passwordHash)) return true;
    return this.scramIterations !== undefined && !isScramSettled(passwordHash);
  }

  /**
   * Puts credentials of ours in the place of outdated ones, whose password was just shown to be right. Nobody is told: it is the same
   * password. Where it cannot be kept, or the user has been changed meanwhile, nothing happens; answers what is in force.
   */
  async rehash(user: StoredUser, password: Uint8Array): Promise<StoredUser> {
    // Another broker may have let one be set that is no text, and ours are texts.
    if (!isUtf8(password)) return user;
    const passwordHash = await this.#hash(password);
    const current = this.find(user.tenant, user.username);
    if (current !== user) return current ?? user;
    const next: StoredUser = { ...user, passwordHash };
    try {
      this.#storage.putUser(next);
    } catch {
      return user;
    }
    this.#users.set(userKey(user.tenant, user.username), next);
    return next;
  }

  /** @throws MqttError USER_UNKNOWN, STORE_READ_ONLY and the like */
  async remove(tenant: string, username: string): Promise<void> {
    this.#mustExist(tenant, username);
    this.#storage.deleteUser(tenant, username);
    // Out of the map at once: whoever removes a user wants it out now, whatever the disk says later.
    this.#users.delete(userKey(tenant, username));
    this.#tell({ kind: "removed", tenant, username });
    await this.#storage.flush();
  }

  /** The tenant goes, and its connections have: forgets so many of its users; answers how many. */
  drop(tenant: string, maximum: number): number {
    let count = 0;
    for (const user of this.#users.values()) {
      if (count === maximum) break;
      if (user.tenant !== tenant) continue;
      count++;
      this.#storage.deleteUser(tenant, user.username);
      this.#users.delete(userKey(tenant, user.username));
    }
    return count;
  }

  async #hash(password: string | Uint8Array): Promise<string> {
    const hash = await this.#hasher.hash(password);
    if (this.scramIterations === undefined) return hash;
    return withScramKeys(
      hash,
      typeof password === "string" ? password : Buffer.from(password).toString("utf8"),
      this.scramIterations,
    );
  }

  async #keep(user: StoredUser, kind: UserChange["kind"]): Promise<void> {
    this.#put(user, kind);
    await this.#storage.flush();
  }

  #put(user: StoredUser, kind: UserChange["kind"]): void {
    this.#storage.putUser(user);
    this.#users.set(userKey(user.tenant, user.username), user);
    this.#tell({ kind, tenant: user.tenant, username: user.username });
  }

  #tell(change: UserChange): void {
    for (const listener of this.#listeners) listener(change);
  }

  #mustExist(tenant: string, username: string): StoredUser {
    const user = this.find(tenant, username);
    if (user) return user;
    throw new MqttError("USER_UNKNOWN", { detail: `"${username}"` });
  }

  #mustNotExist(tenant: string, username: string): void {
    if (this.find(tenant, username)) throw new MqttError("USER_EXISTS", { detail: `"${username}"` });
  }
}

function summarize({ tenant, username, createdAt, disabled }: StoredUser): UserSummary {
  return { tenant, username, createdAt, disabled: disabled === true };
}

// No name holds a NUL [MQTT-1.5.4-2]; checkUsername refuses it for those that operators make.
function userKey(tenant: string, username: string): string {
  return `${tenant}\0${username}`;
}

function checkUsername(username: string): void {
  const reason = faultOfUsername(username);
  if (reason) throw new MqttError("OPTION_INVALID", { detail: `user name ${JSON.stringify(username)}: ${reason}` });
}

/** What keeps a name from being a user's, in words; undefined for nothing. */
export function faultOfUsername(username: string): string | undefined {
  if (username === "") return "it is empty";
  if (Buffer.byteLength(username) > USERNAME_BYTES_MAX) return `it has more than ${USERNAME_BYTES_MAX} bytes`;
  // Access rules put the name into topic filters, where these would reach other topics than the user's own.
  if (/[+#/]/.test(username)) return "it must not contain +, # or /";
  if (/[\p{Cc}\p{Cs}]/u.test(username)) return "it must not contain control characters";
  if (username.startsWith("$")) return "names that begin with $ belong to the broker";
  return undefined;
}

function checkPassword(password: string): void {
  const fault = faultOfPassword(password);
  if (fault !== undefined) throw new MqttError("OPTION_INVALID", { detail: fault });
}

/** The same of a password. */
export function faultOfPassword(password: string): string | undefined {
  const bytes = Buffer.byteLength(password);
  if (bytes === 0) return "the password is empty";
  return bytes > PASSWORD_BYTES_MAX ? `the password has more than ${PASSWORD_BYTES_MAX} bytes` : undefined;
}

/** Well-formed with the same parameters as every other hash; its salt and result are random, so no password fits. */
function makeStrangerHash(): string {
  return `$argon2id$v=19$m=19456,t=2,p=1$${randomBase64(16)}$${randomBase64(32)}`;
}

function randomBase64(bytes: number): string {
  return randomBytes(bytes).toString("base64").replaceAll("=", "");
}

function mustBeDifferent(users: readonly { username: string }[]): void {
  const names = new Set<string>();
  for (const { username } of users) {
    if (names.has(username)) throw new MqttError("OPTION_INVALID", { detail: `the user "${username}" comes twice` });
    names.add(username);
  }
}
