import { createPublicKey, type KeyObject } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { MqttError } from "@bowline/protocol";
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";
import { readSecret } from "../../config/secret-reference.ts";
import { isSafeAddress } from "../safe-address.ts";
import type { JwtConfig } from "./jwt-config.ts";
import { RemoteKeys } from "./remote-keys.ts";

/** Where the key of a token comes from, and which algorithms that allows: a token must not choose how it is checked. */
export interface JwtKeys {
  readonly algorithms: readonly string[];
  readonly keyOf: JWTVerifyGetKey;
}

const HMAC_ALGORITHMS = ["HS256", "HS384", "HS512"];
const RSA_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
const CURVE_ALGORITHMS: Readonly<Record<string, string>> = { prime256v1: "ES256", secp384r1: "ES384", secp521r1: "ES512" };
/** Shorter ones can be guessed offline by whoever has one token (RFC 7518, section 3.2). */
const SECRET_BYTES_MIN = 32;
/** RFC 7518, section 3.3. */
const MODULUS_BITS_MIN = 2_048;
/** A file is looked at more often than an address: that costs nothing. */
const FILE_SECONDS_MAX = 10;

/** @throws MqttError CONFIG_INVALID */
export async function openJwtKeys(config: JwtConfig): Promise<JwtKeys> {
  if (config.secret !== undefined) return secretKeys(config);
  if (config.publicKey !== undefined) return publicKeys(config.publicKey, config);
  if (!isUrl(config.jwks!)) return fileKeys(config.jwks!, config);
  checkJwksAddress(config.jwks!);
  return remoteKeys(config.jwks!, config);
}

/** Whether a JWKS is at an address and not in a file. */
export function isUrl(jwks: string): boolean {
  return /^https?:\/\//i.test(jwks);
}

async function secretKeys(config: JwtConfig): Promise<JwtKeys> {
  const text = (await readSecret(config.secret!)).reveal();
  const fault = secretFault(text, config);
  if (fault !== undefined) throw invalid(fault);
  const key = secretBytes(text, config);
  return { algorithms: HMAC_ALGORITHMS, keyOf: () => Promise.resolve(key) };
}

/** What is wrong with a shared secret, in words; undefined for nothing. */
export function secretFault(text: string, config: JwtConfig): string | undefined {
  return secretBytes(text, config).length < SECRET_BYTES_MIN
    ? `the secret of tokens has fewer than ${SECRET_BYTES_MIN} bytes`
    : undefined;
}

/** What is wrong with a file of a public key, in words; undefined for nothing. */
export function publicKeyFault(text: string): string | undefined {
  return faultOf("it holds no public key that can be used", () => readPublicKey(text));
}

/** The same for a file with a key set. */
export function keySetFault(text: string): string | undefined {
  return faultOf("it holds no JSON Web Key Set", () => readKeySet(text));
}

function faultOf(words: string, read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (cause) {
    return `${words} (${(cause as Error).message})`;
  }
}

function secretBytes(text: string, { secretEncoding }: JwtConfig): Buffer {
  return Buffer.from(text, secretEncoding === "base64" ? "base64" : "utf8");
}

/** @throws MqttError CONFIG_INVALID: whoever changes the set on its way lets in whom he likes */
export function checkJwksAddress(address: string): void {
  if (!URL.canParse(address)) throw invalid(`jwks: "${address}" is no address`);
  if (!isSafeAddress(address)) throw invalid("jwks: a key set of another machine needs https://");
}

async function publicKeys(file: string, { jwksRefreshSeconds }: JwtConfig): Promise<JwtKeys> {
  const current = await ReloadedFile.open(file, jwksRefreshSeconds, readPublicKey);
  const { key, algorithms } = current.value;
  return {
    algorithms,
    // A key of another type would need other algorithms than those that were told; such a change needs a reload.
    keyOf: async () => {
      const next = await current.get();
      return next.algorithms.join() === algorithms.join() ? next.key : key;
    },
  };
}

function readPublicKey(text: string): { key: KeyObject; algorithms: string[] } {
  const key = createPublicKey(text);
  const { asymmetricKeyType, asymmetricKeyDetails } = key;
  if (asymmetricKeyType === "rsa" && (asymmetricKeyDetails?.modulusLength ?? 0) >= MODULUS_BITS_MIN)
    return { key, algorithms: RSA_ALGORITHMS };
  if (asymmetricKeyType === "ed25519") return { key, algorithms: ["EdDSA", "Ed25519"] };
  const curve = CURVE_ALGORITHMS[asymmetricKeyDetails?.namedCurve ?? ""];
  if (curve === undefined)
    throw new Error("it is no RSA key of 2048 bits or more, no key on P-256, P-384 or P-521, and no Ed25519 key");
  return { key, algorithms: [curve] };
}

function readKeySet(text: string): ReturnType<typeof createLocalJWKSet> {
  return createLocalJWKSet(parsed(text) as JSONWebKeySet);
}

/** What does not parse is not told: it may be a secret that was named by mistake. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("it is no JSON");
  }
}

async function fileKeys(file: string, { jwksRefreshSeconds }: JwtConfig): Promise<JwtKeys> {
  const current = await ReloadedFile.open(file, jwksRefreshSeconds, readKeySet);
  return { algorithms: SET_ALGORITHMS, keyOf: async (header, token) => (await current.get())(header, token) };
}

function remoteKeys(address: string, { jwksRefreshSeconds }: JwtConfig): JwtKeys {
  return { algorithms: SET_ALGORITHMS, keyOf: new RemoteKeys(address, jwksRefreshSeconds).keyOf };
}

/** A set is public: a shared secret in it would be none, so no HMAC. */
const SET_ALGORITHMS: readonly string[] = [...RSA_ALGORITHMS, ...Object.values(CURVE_ALGORITHMS), "EdDSA", "Ed25519"];

/** A file that is read anew when it changed, and looked at so often at most. One that became bad leaves the old content in force. */
class ReloadedFile<T> {
  value: T;
  readonly #file: string;
  readonly #everyMs: number;
  readonly #read: (text: string) => T;
  #modifiedAt: number;
  #lookedAt = performance.now();

  private constructor(file: string, everySeconds: number, read: (text: string) => T, value: T, modifiedAt: number) {
    this.#file = file;
    this.#everyMs = Math.min(everySeconds, FILE_SECONDS_MAX) * 1_000;
    this.#read = read;
    this.value = value;
    this.#modifiedAt = modifiedAt;
  }

  static async open<T>(file: string, everySeconds: number, read: (text: string) => T): Promise<ReloadedFile<T>> {
    try {
      const { mtimeMs } = await stat(file);
      return new ReloadedFile(file, everySeconds, read, read(await readFile(file, "utf8")), mtimeMs);
    } catch (cause) {
      throw invalid(`the keys of tokens in ${file} cannot be used (${(cause as Error).message})`, cause);
    }
  }

  async get(): Promise<T> {
    const now = performance.now();
    if (now - this.#lookedAt < this.#everyMs) return this.value;
    this.#lookedAt = now;
    try {
      const { mtimeMs } = await stat(this.#file);
      if (mtimeMs !== this.#modifiedAt) {
        this.value = this.#read(await readFile(this.#file, "utf8"));
        this.#modifiedAt = mtimeMs;
      }
    } catch {
      // Half-written, perhaps: it is looked at again.
    }
    return this.value;
  }
}

function invalid(detail: string, cause?: unknown): MqttError {
  return new MqttError("CONFIG_INVALID", { detail, ...(cause === undefined ? {} : { cause }) });
}
