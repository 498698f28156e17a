import type { AuthenticationMethod, AuthRequest, AuthResult } from "./authenticator.ts";

/**
 * Lets in clients that show no credentials at all. It comes last in the chain and only where the operator asked for it. A
 * client that names a user is not anonymous: wrong credentials stay refused, so that a typing error is noticed.
 */
export class AnonymousMethod implements AuthenticationMethod {
  answerNow(request: AuthRequest): AuthResult | "abstain" {
    if (request.username !== undefined || request.password !== undefined) return "abstain";
    return { allowed: true, owner: "" };
  }

  answer(request: AuthRequest): Promise<AuthResult | "abstain"> {
    return Promise.resolve(this.answerNow(request));
  }
}
