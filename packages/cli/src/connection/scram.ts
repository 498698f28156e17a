import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import type { Authentication, AuthenticationStep } from "@bowline/client";

export const SCRAM_METHODS = ["SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"] as const;
export type ScramMethod = (typeof SCRAM_METHODS)[number];

const DIGESTS: Readonly<Record<ScramMethod, string>> = {
  "SCRAM-SHA-1": "sha1",
  "SCRAM-SHA-256": "sha256",
  "SCRAM-SHA-512": "sha512",
};
/** A server that asks for more would make us work for it. */
const ITERATIONS_MAX = 10_000_000;
/** RFC 5802: no channel binding. */
const HEADER = "n,,";

/**
 * The client's side of SCRAM (RFC 5802, RFC 7677): proves that it knows the password without telling it, and has the server prove the
 * same.
 */
export function scram(
  method: ScramMethod,
  username: string,
  password: string,
  nonce: string = randomBytes(18).toString("base64"),
): Authentication {
  const digest = DIGESTS[method];
  const first = `n=${username.normalize("NFKC").replaceAll("=", "=3D").replaceAll(",", "=2C")},r=${nonce}`;
  let serverProof: Buffer | undefined;
  const step = async ({ kind, data }: AuthenticationStep): Promise<string | undefined> => {
    if (kind === "begin") return HEADER + first;
    const text = Buffer.from(data ?? []).toString("utf8");
    if (kind === "success") {
      mustProve(text, serverProof);
      return undefined;
    }
    const { nonce: whole, salt, iterations } = challengeOf(text, nonce);
    const length = createHash(digest).digest().length;
    const salted = await promisify(pbkdf2)(password.normalize("NFKC"), salt, iterations, length, digest);
    const withoutProof = `c=${Buffer.from(HEADER).toString("base64")},r=${whole}`;
    const exchange = `${first},${text},${withoutProof}`;
    const mac = (key: Buffer, message: string): Buffer => createHmac(digest, key).update(message).digest();
    const clientKey = mac(salted, "Client Key");
    const signature = mac(createHash(digest).update(clientKey).digest(), exchange);
    serverProof = mac(mac(salted, "Server Key"), exchange);
    return `${withoutProof},p=${Buffer.from(clientKey.map((byte, i) => byte ^ (signature[i] ?? 0))).toString("base64")}`;
  };
  return { method, step };
}

function challengeOf(text: string, nonce: string): { nonce: string; salt: Buffer; iterations: number } {
  const [, whole = "", salt = "", count = ""] = /^r=([^,]+),s=([^,]+),i=(\d+)/.exec(text) ?? [];
  const iterations = Number(count);
  const isOurs = whole.startsWith(nonce) && whole.length > nonce.length;
  if (!isOurs || iterations < 1 || iterations > ITERATIONS_MAX) throw new Error("the server's SCRAM challenge is not valid");
  return { nonce: whole, salt: Buffer.from(salt, "base64"), iterations };
}

function mustProve(text: string, expected: Buffer | undefined): void {
  const proof = Buffer.from(/^v=([^,]+)/.exec(text)?.[1] ?? "", "base64");
  if (expected === undefined || proof.length !== expected.length || !timingSafeEqual(proof, expected))
    throw new Error("the server does not know the password");
}
