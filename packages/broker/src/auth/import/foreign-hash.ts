import { isUtf8 } from "node:buffer";
import { createHash, pbkdf2, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { verify } from "@node-rs/argon2";
import { isOwnHash } from "../own-hash.ts";
import { compareBcrypt } from "./bcrypt-thread.ts";

/*
 * Password hashes of other brokers, as text in the place of the PHC string of our own, until the first login replaces them:
 *
 *   $6$SALT$HASH              mosquitto, SHA-512 of password and salt
 *   $7$ITERATIONS$SALT$HASH   mosquitto, PBKDF2 with SHA-512
 *   $argon2id$v=19$m=KIBIBYTES,t=PASSES,p=LANES$SALT$HASH   mosquitto since 2.1, of another cost than ours
 *   $2a$, $2b$, $2y$          bcrypt as everybody writes it
 *   $emqx-sha256$WHERE$SALT$HASH             WHERE: prefix, suffix or disable
 *   $emqx-pbkdf2-sha256$ITERATIONS$SALT$HASH
 *
 * SALT and HASH in base64, that of Argon2 without padding.
 */

const B64 = "[A-Za-z0-9+/]+={0,2}";
const DIGESTS = "md5|sha1|sha256|sha384|sha512";
const FORMS = {
  mosquitto6: new RegExp(`^\\$6\\$(${B64})\\$(${B64})$`),
  mosquitto7: new RegExp(`^\\$7\\$(\\d{1,8})\\$(${B64})\\$(${B64})$`),
  argon2: /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,})\$([A-Za-z0-9+/]{22,})$/,
  bcrypt: /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/,
  salted: new RegExp(`^\\$emqx-(${DIGESTS})\\$(prefix|suffix|disable)\\$(${B64})?\\$(${B64})$`),
  derived: new RegExp(`^\\$emqx-pbkdf2-(${DIGESTS})\\$(\\d{1,8})\\$(${B64})?\\$(${B64})$`),
} as const;

/** Each check of such a hash costs its user that many rounds; more would be a way to keep the machine busy. */
const ITERATIONS_MAX = 5_000_000;
/** As many bytes are derived as the hash has: one that was cut short would be that of many passwords, and none that of all. */
const DERIVED_BYTES_MIN = 16;
/** Mosquitto's is 46 MiB, once, in one lane. */
const ARGON2_MAX = { kibibytes: 65_536, passes: 4, lanes: 4 } as const;
/** 2 to the power of: some seconds in JavaScript. */
const BCRYPT_COST_MAX = 14;

/** Whether it is a hash of another broker, one that we can check. */
export function isForeignHash(hash: string): boolean {
  const derived = FORMS.mosquitto7.exec(hash) ?? FORMS.derived.exec(hash)?.slice(1);
  if (derived !== undefined) {
    const iterations = Number(derived[1]);
    const { length } = decoded(derived[3]);
    return iterations > 0 && iterations <= ITERATIONS_MAX && length >= DERIVED_BYTES_MIN;
  }
  const argon2 = FORMS.argon2.exec(hash)?.slice(1, 4).map(Number);
  if (argon2 !== undefined) return !isOwnHash(hash) && isBearable(argon2 as [number, number, number]);
  const cost = FORMS.bcrypt.exec(hash)?.[1];
  if (cost !== undefined) return Number(cost) >= 4 && Number(cost) <= BCRYPT_COST_MAX;
  return FORMS.mosquitto6.test(hash) || FORMS.salted.test(hash);
}

/** @throws RangeError for one that `isForeignHash` does not know */
export async function verifyForeignHash(hash: string, password: Uint8Array): Promise<boolean> {
  if (!isForeignHash(hash)) throw new RangeError("the hash is of no kind that is known");
  if (FORMS.bcrypt.test(hash)) return verifyBcrypt(hash, password);
  if (FORMS.argon2.test(hash)) return verifyArgon2(hash, password);
  const six = FORMS.mosquitto6.exec(hash);
  if (six) return isDigest("sha512", [password, decoded(six[1])], six[2]);
  const salted = FORMS.salted.exec(hash);
  if (salted) {
    const [, digest = "", where, salt, expected] = salted;
    const salts = where === "disable" ? [] : [decoded(salt)];
    return isDigest(digest, where === "prefix" ? [...salts, password] : [password, ...salts], expected);
  }
  const seven = FORMS.mosquitto7.exec(hash);
  const [, digest = "", iterations, salt, expected] = seven ? [hash, "sha512", ...seven.slice(1)] : FORMS.derived.exec(hash)!;
  const wanted = decoded(expected);
  return timingSafeEqual(await promisify(pbkdf2)(password, decoded(salt), Number(iterations), wanted.length, digest), wanted);
}

function isBearable([kibibytes, passes, lanes]: readonly [number, number, number]): boolean {
  const { kibibytes: mostMemory, passes: mostPasses, lanes: mostLanes } = ARGON2_MAX;
  const isEnough = kibibytes >= 8 * lanes && passes > 0 && lanes > 0;
  return isEnough && kibibytes <= mostMemory && passes <= mostPasses && lanes <= mostLanes;
}

/** Argon2's binding takes texts alone; other bytes take as long to be wrong. */
async function verifyArgon2(hash: string, password: Uint8Array): Promise<boolean> {
  const isText = isUtf8(password);
  return (await verify(hash, isText ? password : "")) && isText;
}

async function verifyBcrypt(hash: string, password: Uint8Array): Promise<boolean> {
  // It is of texts; other bytes take as long to be wrong.
  const isText = isUtf8(password);
  return (await compareBcrypt(isText ? Buffer.from(password).toString("utf8") : "", hash)) && isText;
}

function isDigest(digest: string, parts: readonly Uint8Array[], expected: string | undefined): boolean {
  const hash = createHash(digest);
  for (const part of parts) hash.update(part);
  const [found, wanted] = [hash.digest(), decoded(expected)];
  return found.length === wanted.length && timingSafeEqual(found, wanted);
}

function decoded(text = ""): Buffer {
  return Buffer.from(text, "base64");
}
