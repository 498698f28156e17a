import { createHash, timingSafeEqual } from "node:crypto";
import type { Secret } from "../log/secret.ts";

/**
 * Knows the holder of the operator key. Only the key's hash is kept, so that comparing takes the same time for every guess. The operator
 * is neither a tenant's administrator nor an MQTT user.
 */
export class OperatorAccess {
  readonly #keyHash: Buffer;

  constructor(operatorKey: Secret) {
    this.#keyHash = sha256(operatorKey.reveal());
  }

  isOperatorKey(candidate: string): boolean {
    return timingSafeEqual(sha256(candidate), this.#keyHash);
  }
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
