import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { StoredUser } from "../../storage/storage.ts";
import {
  type AuthenticationExchange,
  AuthReasonCode,
  type AuthRefused,
  type AuthRequest,
  type EnhancedMethod,
  type ExchangeStep,
  refuse,
} from "../authenticator.ts";
import type { UserDirectory } from "../user-directory.ts";
import { hash, hmac, type ScramKeys, type ScramMechanism, scramKeysOf } from "./scram-keys.ts";

const MESSAGE_BYTES_MAX = 4_096;
/** RFC 5802, section 7: no channel binding, no other identity than the user's own. */
const CLIENT_FIRST = /^([ny],,)(n=([^,]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,.*)?)$/s;
const CLIENT_FINAL = /^(c=([A-Za-z0-9+/=]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,[^p][^,]*)*),p=([A-Za-z0-9+/=]+)$/s;

/** A SCRAM mechanism for the users of the store who have keys. */
export class ScramMethod implements EnhancedMethod {
  readonly name: ScramMechanism;
  readonly #users: UserDirectory;
  readonly #iterations: number;
  readonly #nonce: () => string;
  /** Makes the salts of users that do not exist, the same each time they are asked for. */
  readonly #strangers = randomBytes(32);

  /** @param iterations What users without keys seem to have. */
  constructor(name: ScramMechanism, users: UserDirectory, iterations: number, nonce: () => string = newNonce) {
    this.name = name;
    this.#users = users;
    this.#iterations = iterations;
    this.#nonce = nonce;
  }

  begin({ tenant }: AuthRequest): AuthenticationExchange {
    const find = (username: string): StoredUser | undefined => this.#users.find(tenant, username);
    const strangerKeys = (username: string): ScramKeys => this.#strangerKeys(tenant, username);
    return new ScramExchange({ mechanism: this.name, find, strangerKeys, nonce: this.#nonce });
  }

  /** Who asks must not learn which users there are. */
  #strangerKeys(tenant: string, username: string): ScramKeys {
    const salt = createHmac("sha256", this.#strangers).update(`${tenant}\0${username}`).digest().subarray(0, 16);
    const nobodys = randomBytes(hash(this.name, salt).length);
    return { salt, iterations: this.#iterations, storedKey: nobodys, serverKey: nobodys };
  }
}

interface ScramContext {
  readonly mechanism: ScramMechanism;
  readonly find: (username: string) => StoredUser | undefined;
  readonly strangerKeys: (username: string) => ScramKeys;
  readonly nonce: () => string;
}

interface Asked {
  readonly user: StoredUser | undefined;
  readonly keys: ScramKeys;
  /** The part of the AuthMessage that is known. */
  readonly begin: string;
  readonly nonce: string;
  readonly gs2Header: string;
}

class ScramExchange implements AuthenticationExchange {
  claimedUser: string | undefined;
  readonly #context: ScramContext;
  #asked: Asked | undefined;

  constructor(context: ScramContext) {
    this.#context = context;
  }

  next(data: Uint8Array | undefined): ExchangeStep {
    if (data === undefined || data.length > MESSAGE_BYTES_MAX) return malformed("there is no SCRAM message");
    const message = Buffer.from(data).toString("utf8");
    return this.#asked === undefined ? this.#first(message) : this.#final(message, this.#asked);
  }

  #first(message: string): ExchangeStep {
    const [, gs2Header = "", bare = "", name = "", clientNonce = ""] = CLIENT_FIRST.exec(message) ?? [];
    const username = unescaped(name);
    if (username === undefined || clientNonce === "")
      return malformed("the client-first message is malformed, or asks for channel binding");
    this.claimedUser = username;
    const { mechanism, find, strangerKeys, nonce: newOne } = this.#context;
    const found = find(username);
    const known = found === undefined ? undefined : scramKeysOf(found.passwordHash, mechanism);
    const keys = known ?? strangerKeys(username);
    const nonce = clientNonce + newOne();
    const serverFirst = `r=${nonce},s=${keys.salt.toString("base64")},i=${keys.iterations}`;
    this.#asked = { user: known === undefined ? undefined : found, keys, begin: `${bare},${serverFirst}`, nonce, gs2Header };
    return { continueWith: Buffer.from(serverFirst) };
  }

  #final(message: string, { user, keys, begin, nonce, gs2Header }: Asked): ExchangeStep {
    const { mechanism, find } = this.#context;
    const [, withoutProof = "", binding = "", itsNonce, proofText = ""] = CLIENT_FINAL.exec(message) ?? [];
    if (itsNonce !== nonce || binding !== Buffer.from(gs2Header).toString("base64"))
      return malformed("the client-final message does not belong here");
    const authMessage = `${begin},${withoutProof}`;
    const isProven = provesKey(mechanism, Buffer.from(proofText, "base64"), keys, authMessage);
    if (!isProven || user === undefined)
      return refuse(AuthReasonCode.BadUserNameOrPassword, user === undefined ? "no such user with SCRAM keys" : "wrong proof");
    // Changed or removed meanwhile.
    if (find(user.username) !== user)
      return refuse(AuthReasonCode.BadUserNameOrPassword, "the user was changed during the exchange");
    if (user.disabled === true) return refuse(AuthReasonCode.NotAuthorized, "the user is disabled");
    const signature = hmac(mechanism, keys.serverKey, authMessage).toString("base64");
    return { allowed: true, owner: user.username, data: Buffer.from(`v=${signature}`) };
  }
}

function provesKey(mechanism: ScramMechanism, proof: Buffer, { storedKey }: ScramKeys, authMessage: string): boolean {
  const signature = hmac(mechanism, storedKey, authMessage);
  if (proof.length !== signature.length) return false;
  const clientKey = Buffer.from(proof.map((byte, i) => byte ^ signature[i]!));
  return timingSafeEqual(hash(mechanism, clientKey), storedKey);
}

/** In a name `=2C` is a comma, `=3D` an equals sign, and no other one stands there. */
function unescaped(name: string): string | undefined {
  if (name === "" || /=(?!2C|3D)/.test(name)) return undefined;
  return name.replaceAll("=2C", ",").replaceAll("=3D", "=");
}

function malformed(reason: string): AuthRefused {
  return refuse(AuthReasonCode.BadUserNameOrPassword, reason);
}

function newNonce(): string {
  return randomBytes(24).toString("base64");
}
