import { createPublicKey, createVerify, type KeyObject } from "node:crypto";
import { MqttError } from "@bowline/protocol";

const BITS_MIN = 2_048;

/** Checks tokens by the public keys of an authorizer: base64 of RSA PKCS#1 v1.5 with SHA-256 over the token's bytes. */
export class TokenSignature {
  readonly #keys: readonly KeyObject[];

  /**
   * @param publicKeys Name to PEM, as `tokenSigningPublicKeys` of CreateAuthorizer.
   * @throws MqttError OPTION_INVALID for what is no RSA key of 2,048 bits or more
   */
  constructor(publicKeys: Readonly<Record<string, string>>) {
    this.#keys = Object.entries(publicKeys).map(([name, pem]) => rsaKey(name, pem));
  }

  /** Whether one of the keys has signed it. Nothing is thrown, whatever was sent. */
  isRight(token: string, signature: string): boolean {
    const bytes = Buffer.from(signature, "base64");
    return this.#keys.some((key) => createVerify("RSA-SHA256").update(token).verify(key, bytes));
  }
}

function rsaKey(name: string, pem: string): KeyObject {
  const key = publicKey(name, pem);
  if (key.asymmetricKeyType !== "rsa" || (key.asymmetricKeyDetails?.modulusLength ?? 0) < BITS_MIN)
    throw new MqttError("OPTION_INVALID", { detail: `the token signing key ${name} is no RSA key of ${BITS_MIN} bits or more` });
  return key;
}

function publicKey(name: string, pem: string): KeyObject {
  try {
    return createPublicKey(pem);
  } catch (cause) {
    throw new MqttError("OPTION_INVALID", { detail: `the token signing key ${name} is no public key in PEM`, cause });
  }
}
