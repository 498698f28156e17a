import { type ErrorCode, errorInfo, isErrorCode, type MqttError } from "@bowline/protocol";
import { ReasonCode } from "@bowline/protocol/internal";
import type { ClientObserver, ObservedClient } from "./client-observer.ts";

/** A client that was not let in, or that we sent away for what it did. */
export interface Refusal {
  /** Wall time in ms of the latest one. */
  readonly at: number;
  /** How often it was the same client with the same reason. */
  readonly times: number;
  readonly clientIdentifier: string;
  readonly remoteAddress: string;
  readonly transport: string;
  /** Whether it had been let in. */
  readonly wasConnected: boolean;
  /** Of the reason, such as AWS_PRINCIPAL_INVALID where an authorizer's answer was at fault. */
  readonly code: ErrorCode;
  /** What the client was told. */
  readonly reasonCode?: number;
  /** In words, as in the log: no secret is in it. */
  readonly reason: string;
  /** What to change. */
  readonly remedy: string;
}

/** More than anybody reads; strangers fill it, and each tenant has its own. */
const OF_ONE_TENANT_MAX = 50;
const IDENTIFIER_LENGTH_MAX = 256;
const REASON_LENGTH_MAX = 1_000;

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
  readonly #wallTime: () => number;

  constructor(wallTime: () => number = Date.now) {
    this.#wallTime = wallTime;
  }

  /** The latest first. */
  of(tenant: string): readonly Refusal[] {
    return this.#tenants.get(tenant) ?? [];
  }

  /** The tenant goes. */
  drop(tenant: string): void {
    this.#tenants.delete(tenant);
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

  subscribed(): void {}

  unsubscribed(): void {}

  #note({ tenant, arrival, session }: ObservedClient, error: MqttError, identifier: string): void {
    const { code, remedy } = adviceOf(error);
    const refusal: Refusal = {
      at: this.#wallTime(),
      times: 1,
      clientIdentifier: identifier.slice(0, IDENTIFIER_LENGTH_MAX),
      remoteAddress: arrival.remoteAddress,
      transport: arrival.transport,
      wasConnected: session !== undefined,
      code,
      ...(error.reasonCode === undefined ? {} : { reasonCode: error.reasonCode }),
      reason: error.message.slice(0, REASON_LENGTH_MAX),
      remedy,
    };
    const list = this.#tenants.get(tenant.name) ?? [];
    this.#tenants.set(tenant.name, list);
    // A client that tries again and again has one place.
    const known = list.findIndex((each) => isSame(each, refusal));
    const [before] = known < 0 ? [] : list.splice(known, 1);
    list.unshift(before === undefined ? refusal : { ...refusal, times: before.times + 1 });
    if (list.length > OF_ONE_TENANT_MAX) list.pop();
  }
}

function isSame(a: Refusal, b: Refusal): boolean {
  return a.clientIdentifier === b.clientIdentifier && a.remoteAddress === b.remoteAddress && a.reason === b.reason;
}

/** What an authorizer's answer was refused for is a code of its own behind that of the answer to the client, and has its own remedy. */
function adviceOf(error: MqttError): { code: ErrorCode; remedy: string } {
  let inner: ErrorCode = error.code;
  for (const [word] of error.message.matchAll(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?=:)/g)) if (isErrorCode(word)) inner = word;
  return inner === error.code ? error : { code: inner, remedy: errorInfo(inner).remedy };
}
