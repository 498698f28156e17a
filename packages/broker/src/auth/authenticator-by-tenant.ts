import { DEFAULT_TENANT } from "../tenants/tenant.ts";
import type { Authenticator, AuthRequest, AuthResult, EnhancedMethod } from "./authenticator.ts";

/**
 * Asks about the clients of each tenant whom that tenant believes, so that what the configuration says of one (a token's issuer, a
 * webhook, no credentials at all) is worth nothing at another that never said so.
 */
export class AuthenticatorByTenant implements Authenticator {
  readonly #ofTenants: ReadonlyMap<string, Authenticator>;
  readonly #ofOthers: Authenticator;

  /** @param ofTenants Those that have their own; `default` must be among them. */
  constructor(ofTenants: ReadonlyMap<string, Authenticator>, ofOthers: Authenticator) {
    if (!ofTenants.has(DEFAULT_TENANT)) throw new Error("the tenant default shares nobody's authenticators");
    this.#ofTenants = ofTenants;
    this.#ofOthers = ofOthers;
  }

  authenticateNow(request: AuthRequest): AuthResult | undefined {
    return this.#of(request.tenant).authenticateNow(request);
  }

  authenticate(request: AuthRequest, signal: AbortSignal): Promise<AuthResult> {
    return this.#of(request.tenant).authenticate(request, signal);
  }

  enhancedMethod(name: string, tenant: string): EnhancedMethod | undefined {
    return this.#of(tenant).enhancedMethod?.(name, tenant);
  }

  #of(tenant: string): Authenticator {
    return this.#ofTenants.get(tenant) ?? this.#ofOthers;
  }
}
