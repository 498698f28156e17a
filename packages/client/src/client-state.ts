import type { MqttError } from "@bowline/protocol";
import type { Clock, TimerHandle } from "@bowline/protocol/internal";
import type { Attempts } from "./attempts.ts";
import type { Authenticator } from "./authenticator.ts";
import type { ClientEvents } from "./client.ts";
import type { Emitter } from "./emitter.ts";
import type { NetworkConnection } from "./network-connection.ts";
import type { ConnectOptions, Credentials } from "./options.ts";
import type { Outbox } from "./outbox.ts";
import type { AttemptFailure, Status } from "./status.ts";
import type { SubscriptionRegistry } from "./subscription-registry.ts";

/** The client, as its rooms see it: what follows a failure, its life with a page, the renewal of credentials. */
export interface ClientState extends Pick<Emitter<ClientEvents>, "emit" | "has"> {
  status: Status;
  readonly clientId: string;
  readonly options: ConnectOptions;
  readonly clock: Clock;
  readonly attempts: Attempts;
  readonly outbox: Outbox;
  readonly registry: SubscriptionRegistry;
  authenticator: Authenticator | undefined;
  readonly connection: NetworkConnection | undefined;
  /** Of what is asked for now; another one, or one that is aborted, means that nobody waits for the answer any more. */
  readonly controller: AbortController;
  /** When the attempt began, or when the connection came about. */
  since: number;
  retryTimer: TimerHandle;
  lastFailure: AttemptFailure | undefined;
  previousAgesMs: readonly number[];
  /** When the host woke up last. */
  wokeAt: number;
  /** The page is about to go or to stop, and nothing can be waited for. */
  isHidden: boolean;
  /** close() or abort() was called. */
  readonly isEnding: boolean;

  setStatus(status: Status): void;
  /** Begins the next attempt. */
  begin(): void;
  /** Asks for credentials, unless the client ends first. */
  ask(onAnswer: (credentials: Credentials) => void, onError: (error: unknown) => void): void;
  askFor(controller: AbortController): Promise<Credentials>;
  /** Goes on with what comes, unless the client ended or took another way meanwhile. */
  follow<T>(given: Promise<T>, goOn: (value: T) => void): void;
  /** Dials, after the beginning of an authentication where there is one. */
  enter(credentials: Credentials): void;
  /** The connection is no longer ours; its socket is still waited for. */
  drop(): void;
  giveUp(error: MqttError): void;
  scheduleRenewal(): void;
  /** DISCONNECT. */
  sayGoodbye(isForEver: boolean): void;
}
