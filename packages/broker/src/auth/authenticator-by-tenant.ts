import { DEFAULT_TENANT } from "../tenants/tenant.ts";
import {
  type Authenticator,
  AuthReasonCode,
  type AuthRequest,
  type AuthResult,
  type EnhancedMethod,
  refuse,
} from "./authenticator.ts";

/**
 * Asks one authenticator about the clients of the tenant `default` and another about those of all others, so that what the configuration
 * believes (a token's issuer, a webhook, no credentials at all) is worth nothing at a tenant that never said so.
 */
export class AuthenticatorByTenant implements Authenticator {
  readonly #ofDefault: Authenticator;
  readonly #ofOthers: Authenticator;

  constructor(ofDefault: Authenticator, ofOthers: Authenticator) {
    this.#ofDefault = ofDefault;
    this.#ofOthers = ofOthers;
  }

  authenticateNow(request: AuthRequest): AuthResult | undefined {
    return this.#of(request).authenticateNow(request);
  }

  authenticate(request: AuthRequest, signal: AbortSignal): Promise<AuthResult> {
    return this.#of(request).authenticate(request, signal);
  }

  enhancedMethod(name: string): EnhancedMethod | undefined {
    const methods = [this.#ofDefault, this.#ofOthers].map((each) => each.enhancedMethod?.(name));
    if (methods.every((method) => method === undefined)) return undefined;
    const [ofDefault, ofOthers] = methods;
    return {
      name,
      begin: (request) => {
        const method = request.tenant === DEFAULT_TENANT ? ofDefault : ofOthers;
        return method?.begin(request) ?? { next: () => refuse(AuthReasonCode.BadAuthenticationMethod, "not one of the tenant's") };
      },
    };
  }

  #of({ tenant }: AuthRequest): Authenticator {
    return tenant === DEFAULT_TENANT ? this.#ofDefault : this.#ofOthers;
  }
}
