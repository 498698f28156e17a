import { addressKey } from "./address-key.ts";
import { AttemptLimiter } from "./attempt-limiter.ts";
import { type AuthRefused, AuthReasonCode, type AuthRequest, refuse } from "./authenticator.ts";

/** Failures of one user from one address: ten at once, then ten a minute. A device with an old password stays below it. */
const USER_LIMIT = { burst: 10, refillMs: 6_000, maximumKeys: 20_000 };
/** Failures of one address whatever the user: a network behind one address may have many devices, a guesser needs more. */
const ADDRESS_LIMIT = { burst: 100, refillMs: 600, maximumKeys: 20_000 };

/** An attempt under way. */
export interface Attempt {
  /** It was no failure of the client: it does not count. */
  giveBack(): void;
}

/**
 * Slows failed attempts down, per address and per user of an address, whatever the way they are made in. An attempt is taken before the
 * credentials are looked at, so that a hundred guesses in flight at once count a hundred.
 */
export class AttemptGuard {
  readonly #users: AttemptLimiter;
  readonly #addresses: AttemptLimiter;

  constructor(now: () => number = () => performance.now()) {
    this.#users = new AttemptLimiter(USER_LIMIT, now);
    this.#addresses = new AttemptLimiter(ADDRESS_LIMIT, now);
  }

  /** The attempt, or the refusal where too many have failed. */
  begin(request: AuthRequest): Attempt | AuthRefused {
    const address = addressKey(request.remoteAddress);
    const user = this.beginUser(request, request.username ?? "");
    if ("allowed" in user) return user;
    if (!this.#addresses.take(address)) {
      user.giveBack();
      return refuse(AuthReasonCode.ConnectionRateExceeded, "too many failures from this address");
    }
    return {
      giveBack: () => {
        user.giveBack();
        this.#addresses.giveBack(address);
      },
    };
  }

  /** The same for a user who became known during an exchange. */
  beginUser({ tenant, remoteAddress }: AuthRequest, username: string): Attempt | AuthRefused {
    const key = `${tenant}\0${username}\0${addressKey(remoteAddress)}`;
    if (!this.#users.take(key))
      return refuse(AuthReasonCode.ConnectionRateExceeded, "too many failures of this user from this address");
    return { giveBack: () => this.#users.giveBack(key) };
  }
}

/** Whether an answer says that the client showed the wrong credentials. What fails on our side is no guess. */
export function isFailedAttempt({ reasonCode }: AuthRefused): boolean {
  return reasonCode === AuthReasonCode.BadUserNameOrPassword || reasonCode === AuthReasonCode.NotAuthorized;
}
