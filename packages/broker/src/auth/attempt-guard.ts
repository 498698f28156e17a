import { addressKey } from "./address-key.ts";
import { AttemptLimiter, type HeldAttempt } from "./attempt-limiter.ts";
import { type AuthRefused, AuthReasonCode, type AuthRequest, refuse } from "./authenticator.ts";

/** Failures of one user from one address: ten at once, then ten a minute. A device with an old password stays below it. */
const USER_LIMIT = { burst: 10, refillMs: 6_000, maximumKeys: 20_000, maximumWaiting: 1_000 };
/** Failures of one address whatever the user: a network behind one address may have many devices, a guesser needs more. */
const ADDRESS_LIMIT = { burst: 100, refillMs: 600, maximumKeys: 20_000, maximumWaiting: 1_000 };

/**
 * Slows failed attempts down, per address and per user of an address, whatever the way they are made in. Those who name no user have the
 * limit of their address alone: they are not one user, and one with an old token must not keep the others out.
 */
export class AttemptGuard {
  readonly #users: AttemptLimiter;
  readonly #addresses: AttemptLimiter;

  constructor(now: () => number = () => performance.now()) {
    this.#users = new AttemptLimiter(USER_LIMIT, now);
    this.#addresses = new AttemptLimiter(ADDRESS_LIMIT, now);
  }

  /** The attempt, whose `end` must be called, or the refusal where too many have failed. */
  async hold(request: AuthRequest, signal: AbortSignal): Promise<HeldAttempt | AuthRefused> {
    const { username = "", remoteAddress } = request;
    const user = username === "" ? UNNAMED : await this.holdUser(request, username, signal);
    if ("allowed" in user) return user;
    const address = await this.#addresses.hold(addressKey(remoteAddress), signal);
    if (address === undefined || address === "busy") {
      user.end(false);
      return refusalOf(address, OF_ADDRESS);
    }
    return {
      end: (isFailure) => {
        user.end(isFailure);
        address.end(isFailure);
      },
    };
  }

  /** The same for a user who became known during an exchange. */
  async holdUser(request: AuthRequest, username: string, signal: AbortSignal): Promise<HeldAttempt | AuthRefused> {
    const user = await this.#users.hold(userKey(request, username), signal);
    return user === undefined || user === "busy" ? refusalOf(user, OF_USER) : user;
  }
}

/** Whether an answer says that the client showed the wrong credentials. What fails on our side is no guess. */
export function isFailedAttempt({ reasonCode }: AuthRefused): boolean {
  return reasonCode === AuthReasonCode.BadUserNameOrPassword || reasonCode === AuthReasonCode.NotAuthorized;
}

const UNNAMED: HeldAttempt = { end: () => {} };
const OF_USER = "too many failures of this user from this address";
const OF_ADDRESS = "too many failures from this address";

function userKey({ tenant, remoteAddress }: AuthRequest, username: string): string {
  return `${tenant}\0${username}\0${addressKey(remoteAddress)}`;
}

function refusalOf(taken: "busy" | undefined, words: string): AuthRefused {
  return taken === "busy"
    ? refuse(AuthReasonCode.ServerBusy, "too many wait for others of this user or address")
    : refuse(AuthReasonCode.ConnectionRateExceeded, words);
}
