import { type ErrorCode, errorInfo, isErrorCode, type MqttError } from "@bowline/protocol";
import { ReasonCode } from "@bowline/protocol/internal";
import type { ClientObserver, DeniedAction, ObservedClient } from "./client-observer.ts";
import { DenialLog } from "./denial-log.ts";
import { type Refusal, REFUSALS_MAX, shortName, shortText } from "./refusal.ts";

/** Ends that are no refusal: the operator's or the broker's own, and a client that was simply not there any more. */
const NO_REFUSALS: ReadonlySet<number> = new Set([
  ReasonCode.ServerShuttingDown,
  ReasonCode.KeepAliveTimeout,
  ReasonCode.SessionTakenOver,
  ReasonCode.AdministrativeAction,
  ReasonCode.UseAnotherServer,
  ReasonCode.ServerMoved,
]);

/** Keeps the last refusals of each tenant, so that its owner finds why a client does not get in without the broker's log. */
export class RefusalLog implements ClientObserver {
  /** Of each tenant the latest first. */
  readonly #tenants = new Map<string, Refusal[]>();
  readonly #denials: DenialLog;
  /** Rules that take topics out of a Subscription are mostly meant to: they must not push out what somebody asked for. */
  readonly #withheld: DenialLog;
  readonly #isUser: (tenant: string, username: string) => boolean;
  readonly #wallTime: () => number;

  /** @param isUser whether a tenant has a user of that name: a name that nobody has may be a secret in the wrong place */
  constructor(isUser: (tenant: string, username: string) => boolean = () => false, wallTime: () => number = Date.now) {
    this.#isUser = isUser;
    this.#wallTime = wallTime;
    this.#denials = new DenialLog(wallTime);
    this.#withheld = new DenialLog(wallTime);
  }

  /** The latest first. */
  of(tenant: string): readonly Refusal[] {
    // Each has its own room: a client that asks for what it may not does not push out why another is not let in.
    const all = [...(this.#tenants.get(tenant) ?? []), ...this.#denials.of(tenant), ...this.#withheld.of(tenant)];
    return all.sort((a, b) => b.at - a.at);
  }

  /** The tenant goes. */
  drop(tenant: string): void {
    this.#tenants.delete(tenant);
    this.#denials.drop(tenant);
    this.#withheld.drop(tenant);
  }

  opened(): void {}

  refused(client: ObservedClient, error: MqttError): void {
    this.#note(client, error, client.claimedIdentifier ?? "");
  }

  ended(client: ObservedClient, cause: MqttError | undefined | "lost"): void {
    if (cause === undefined || cause === "lost" || client.session === undefined) return;
    const isExpiry = cause.details?.["isExpiry"] === true;
    if (cause.reasonCode === undefined || NO_REFUSALS.has(cause.reasonCode) || isExpiry) return;
    this.#note(client, cause, client.session.clientIdentifier);
  }

  denied(client: ObservedClient, what: DeniedAction): void {
    (what.action === "receive" ? this.#withheld : this.#denials).note(client, what);
  }

  subscribed(): void {}

  unsubscribed(): void {}

  #note(client: ObservedClient, error: MqttError, identifier: string): void {
    const { tenant, arrival, session } = client;
    const user = shortName(this.#userOf(client));
    const { code, remedy } = adviceOf(error);
    const refusal: Refusal = {
      at: this.#wallTime(),
      times: 1,
      clientIdentifier: shortName(identifier),
      ...(user === "" ? {} : { user }),
      remoteAddress: arrival.remoteAddress,
      transport: arrival.transport,
      wasConnected: session !== undefined,
      code,
      ...(error.reasonCode === undefined ? {} : { reasonCode: error.reasonCode }),
      reason: shortText(error.message),
      remedy,
    };
    const list = this.#tenants.get(tenant.name) ?? [];
    this.#tenants.set(tenant.name, list);
    // A client that tries again and again has one place.
    const known = list.findIndex((each) => isSame(each, refusal));
    const [before] = known < 0 ? [] : list.splice(known, 1);
    list.unshift(before === undefined ? refusal : { ...refusal, times: before.times + 1 });
    if (list.length > REFUSALS_MAX) list.pop();
  }

  #userOf({ tenant, principal, claimedUser = "" }: ObservedClient): string {
    if (principal !== "") return principal;
    return this.#isUser(tenant.name, claimedUser) ? claimedUser : "";
  }
}

function isSame(a: Refusal, b: Refusal): boolean {
  const isOne = a.clientIdentifier === b.clientIdentifier && a.user === b.user && a.remoteAddress === b.remoteAddress;
  return isOne && a.reason === b.reason;
}

/**
 * What an authorizer's answer was refused for is a code of its own behind that of the answer to the client, and has its own remedy. It is
 * never read from words, which a client may have chosen.
 */
function adviceOf(error: MqttError): { code: ErrorCode; remedy: string } {
  const inner = error.details?.["because"];
  return typeof inner === "string" && isErrorCode(inner) ? { code: inner, remedy: errorInfo(inner).remedy } : error;
}
