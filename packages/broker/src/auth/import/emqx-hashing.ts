import { isOwnHash } from "../own-hash.ts";
import { isForeignHash } from "./foreign-hash.ts";

/** How the broker that wrote a CSV file hashes; the file itself does not say. */
export type EmqxHashing =
  | { readonly algorithm: "md5" | "sha1" | "sha256" | "sha512"; readonly saltPosition: SaltPosition }
  | { readonly algorithm: "pbkdf2"; readonly digest: "sha1" | "sha256" | "sha384" | "sha512"; readonly iterations: number }
  | { readonly algorithm: "bcrypt" };

/** The same as it is chosen: EMQX's names, with the digest of its pbkdf2 behind a dash. */
export const EMQX_HASHES = [
  "sha256",
  "sha512",
  "sha",
  "md5",
  "pbkdf2-sha256",
  "pbkdf2-sha384",
  "pbkdf2-sha512",
  "pbkdf2-sha",
  "bcrypt",
] as const;
export type EmqxHashName = (typeof EMQX_HASHES)[number];
/** Where EMQX puts the salt. */
export const SALT_POSITIONS = ["prefix", "suffix", "disable"] as const;
export type SaltPosition = (typeof SALT_POSITIONS)[number];

/** What a name, a place of the salt and a number of rounds stand for. */
export function emqxHashing(name: EmqxHashName, saltPosition: SaltPosition, iterations: number): EmqxHashing {
  if (name === "bcrypt") return { algorithm: "bcrypt" };
  const [first, second] = name.split("-") as [string, string?];
  const digest = DIGEST_NAMES[second ?? first]!;
  if (second !== undefined) return { algorithm: "pbkdf2", digest: digest as "sha256", iterations };
  return { algorithm: digest as "sha256", saltPosition };
}

/** As OpenSSL calls EMQX's. */
const DIGEST_NAMES: Readonly<Record<string, string>> = {
  md5: "md5",
  sha: "sha1",
  sha256: "sha256",
  sha384: "sha384",
  sha512: "sha512",
};

/** A hash as `foreign-hash.ts` has it; undefined for what that way of hashing does not make. */
export function emqxHash(hash: string, salt: string, hashing: EmqxHashing): string | undefined {
  // What another broker of ours has exported, of users who have not logged in since their import too.
  if (isOwnHash(hash) || isForeignHash(hash)) return hash;
  const made = hashing.algorithm === "bcrypt" ? undefined : hexHash(hash, salt, hashing);
  return made !== undefined && isForeignHash(made) ? made : undefined;
}

/** EMQX takes the salt as the text that stands there, and writes the hash in hexadecimal. */
function hexHash(hash: string, salt: string, hashing: Exclude<EmqxHashing, { algorithm: "bcrypt" }>): string | undefined {
  if (hash.length === 0 || hash.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(hash)) return undefined;
  const [saltText, hashText] = [Buffer.from(salt).toString("base64"), Buffer.from(hash, "hex").toString("base64")];
  if (hashing.algorithm === "pbkdf2") return `$emqx-pbkdf2-${hashing.digest}$${hashing.iterations}$${saltText}$${hashText}`;
  if (hash.length !== HEX_LENGTHS[hashing.algorithm]) return undefined;
  return `$emqx-${hashing.algorithm}$${hashing.saltPosition}$${saltText}$${hashText}`;
}

const HEX_LENGTHS = { md5: 32, sha1: 40, sha256: 64, sha512: 128 } as const;
