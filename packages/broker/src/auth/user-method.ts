import type { StoredUser } from "../storage/storage.ts";
import { AuthReasonCode, refuse } from "./authenticator.ts";
import type { AuthenticationMethod, AuthRequest, AuthResult } from "./authenticator.ts";
import { isForeignHash } from "./import/foreign-hash.ts";
import type { PasswordHasher, Verification } from "./password-hasher.ts";
import { RememberedPasswords } from "./remembered-passwords.ts";
import type { UserDirectory } from "./user-directory.ts";

/** Knows the users of the directory by their password. */
export class UserMethod implements AuthenticationMethod {
  readonly #users: UserDirectory;
  readonly #hasher: PasswordHasher;
  readonly #remembered: RememberedPasswords;

  constructor(users: UserDirectory, hasher: PasswordHasher, now: () => number = () => performance.now()) {
    this.#users = users;
    this.#hasher = hasher;
    this.#remembered = new RememberedPasswords(now);
  }

  answerNow(request: AuthRequest): AuthResult | "abstain" | "later" {
    if (request.username === undefined) return "abstain";
    const user = this.#users.find(request.tenant, request.username);
    if (user && request.password && this.#remembered.matches(user, request.password)) return allow(user);
    return "later";
  }

  async answer(request: AuthRequest, signal: AbortSignal): Promise<AuthResult | "abstain"> {
    const now = this.answerNow(request);
    if (now !== "later") return now;
    const user = this.#users.find(request.tenant, request.username ?? "");
    const verification = await this.#verify(user, request.password, signal);
    // Another login of this user has put credentials of ours in the place of outdated ones: they decide now.
    if (verification === "match" && user && this.#isReplaced(user)) return this.answer(request, signal);
    return this.#conclude(request, user, verification);
  }

  #isReplaced(user: StoredUser): boolean {
    const current = this.#users.find(user.tenant, user.username);
    return current !== undefined && current !== user && this.#users.isOutdated(user) && !this.#users.isOutdated(current);
  }

  /** An unknown user is hashed against a hash nobody has the password of: the time taken must not tell which names exist. */
  async #verify(
    user: StoredUser | undefined,
    password: Uint8Array = new Uint8Array(0),
    signal: AbortSignal,
  ): Promise<Verification> {
    if (user === undefined) return this.#hasher.verify(this.#users.strangerHash, password, signal);
    const isKnown = (): boolean => this.#remembered.matches(user, password);
    const verification = await this.#hasher.verify(user.passwordHash, password, signal, isKnown);
    if (verification !== "mismatch" || !isForeignHash(user.passwordHash)) return verification;
    // A hash of another broker may be checked faster than ours, which would tell that there is such a user.
    return this.#hasher.verify(this.#users.strangerHash, password, signal);
  }

  async #conclude(request: AuthRequest, user: StoredUser | undefined, verification: Verification): Promise<AuthResult> {
    if (verification === "match") return this.#matched(request, user);
    if (verification === "busy") return refuse(AuthReasonCode.ServerBusy, "too many passwords wait to be checked");
    if (verification === "aborted")
      return refuse(AuthReasonCode.ServerUnavailable, "the client left before its password was checked");
    return refuse(AuthReasonCode.BadUserNameOrPassword, user ? "wrong password" : "unknown user");
  }

  async #matched(request: AuthRequest, user: StoredUser | undefined): Promise<AuthResult> {
    // The user may have been changed or removed while its old password was being checked.
    if (!user || this.#users.find(user.tenant, user.username) !== user) {
      return refuse(AuthReasonCode.BadUserNameOrPassword, "the user was changed while the password was checked");
    }
    const current = this.#users.isOutdated(user) && request.password ? await this.#users.rehash(user, request.password) : user;
    if (request.password) this.#remembered.remember(current, request.password);
    return allow(current);
  }
}

/** Asked only of whoever has shown the right password: nobody else learns that there is such a user. */
function allow(user: StoredUser): AuthResult {
  if (user.disabled === true) return refuse(AuthReasonCode.NotAuthorized, "the user is disabled");
  return { allowed: true, owner: user.username };
}
