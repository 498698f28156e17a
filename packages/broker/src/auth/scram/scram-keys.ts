import { createHash, createHmac, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { saslprep } from "./saslprep.ts";

/** The mechanisms of RFC 5802 and RFC 7677 that are offered. */
export type ScramMechanism = "SCRAM-SHA-256" | "SCRAM-SHA-512";

/** Every mechanism; one set of keys each, since they do not tell each other's. */
export const SCRAM_MECHANISMS: readonly ScramMechanism[] = ["SCRAM-SHA-256", "SCRAM-SHA-512"];

/** What the server keeps of a password: enough to check a proof and to give one, not enough to log in. */
export interface ScramKeys {
  readonly salt: Buffer;
  readonly iterations: number;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

const DIGESTS: Readonly<Record<ScramMechanism, string>> = { "SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512" };
const FORM = /^(SCRAM-SHA-(?:256|512))\$(\d+):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)$/;

/** The keys of a password, with a new salt unless one is given. Undefined for a password that SCRAM cannot have. */
export async function deriveScramKeys(
  mechanism: ScramMechanism,
  password: string,
  iterations: number,
  salt: Buffer = randomBytes(16),
): Promise<ScramKeys | undefined> {
  const prepared = saslprep(password);
  if (prepared === undefined) return undefined;
  const digest = DIGESTS[mechanism];
  const length = createHash(digest).digest().length;
  const salted = await promisify(pbkdf2)(prepared, salt, iterations, length, digest);
  const clientKey = hmac(mechanism, salted, "Client Key");
  return { salt, iterations, storedKey: hash(mechanism, clientKey), serverKey: hmac(mechanism, salted, "Server Key") };
}

/** The hash of a password and its keys in one text, as the store keeps them: divided by blanks, which none of them contains. */
export async function withScramKeys(passwordHash: string, password: string, iterations: number): Promise<string> {
  const parts = [passwordHash];
  for (const mechanism of SCRAM_MECHANISMS) {
    const keys = await deriveScramKeys(mechanism, password, iterations);
    if (keys === undefined) continue;
    const [salt, storedKey, serverKey] = [keys.salt, keys.storedKey, keys.serverKey].map((key) => key.toString("base64"));
    parts.push(`${mechanism}$${iterations}:${salt}$${storedKey}:${serverKey}`);
  }
  // Says that none can be, so that nobody tries again at each login.
  if (parts.length === 1) parts.push("-");
  return parts.join(" ");
}

/** The hash alone. */
export function hashOf(kept: string): string {
  return kept.split(" ", 1)[0] ?? "";
}

/** Whether keys were made, or could not be. */
export function isScramSettled(kept: string): boolean {
  return kept.includes(" ");
}

/** The keys of a mechanism; undefined where there are none. */
export function scramKeysOf(kept: string, mechanism: ScramMechanism): ScramKeys | undefined {
  for (const part of kept.split(" ").slice(1)) {
    const [, name, iterations, salt = "", storedKey = "", serverKey = ""] = FORM.exec(part) ?? [];
    if (name !== mechanism) continue;
    const [saltBytes, stored, server] = [salt, storedKey, serverKey].map((text) => Buffer.from(text, "base64"));
    return { salt: saltBytes!, iterations: Number(iterations), storedKey: stored!, serverKey: server! };
  }
  return undefined;
}

/** HMAC of the mechanism. */
export function hmac(mechanism: ScramMechanism, key: Uint8Array, text: string): Buffer {
  return createHmac(DIGESTS[mechanism], key).update(text).digest();
}

/** H of the mechanism. */
export function hash(mechanism: ScramMechanism, bytes: Uint8Array): Buffer {
  return createHash(DIGESTS[mechanism]).update(bytes).digest();
}
