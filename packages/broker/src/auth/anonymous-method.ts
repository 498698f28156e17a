import type { AuthenticationMethod, AuthRequest, AuthResult } from "./authenticator.ts";

/**
 * Lets in clients that name no user. It comes last in the chain and only where the operator asked for it. A client that names
 * one is not anonymous: wrong credentials stay refused, so that a typing error is noticed. A password alone, which MQTT 5.0 allows,
 * is whatever an earlier method has abstained from, and proves nothing here.
 */
export class AnonymousMethod implements AuthenticationMethod {
  answerNow(request: AuthRequest): AuthResult | "abstain" {
    if (request.username !== undefined) return "abstain";
    return { allowed: true, owner: "" };
  }

  answer(request: AuthRequest): Promise<AuthResult | "abstain"> {
    return Promise.resolve(this.answerNow(request));
  }
}
