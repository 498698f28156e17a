import type { ProtocolVersion } from "@bowline/protocol";
import type { AttemptFailure } from "@bowline/client";
import type { Clock, TimerHandle } from "@bowline/protocol/internal";
import type { AttemptRules } from "./attempt-rules.ts";
import type { ClientStream } from "./client-stream.ts";
import type { CoreOwner } from "./core-owner.ts";
import type { MqttClientEventCallbacks } from "./events.ts";
import type { DoneCallback, IClientOptions } from "./options.ts";
import type { Outbox } from "./outbox.ts";
import type { OutgoingPublish } from "./outgoing-publish.ts";
import type { PacketEvents } from "./packet-events.ts";
import type { IConnackPacket, IDisconnectPacket } from "./packets.ts";
import type { Phase } from "./phase.ts";
import type { Subscriptions } from "./subscriptions.ts";
import type { UserStores } from "./user-stores.ts";

/** A message that the application's store has not confirmed, or that waits for one. */
export interface Keeping {
  readonly entry: OutgoingPublish;
  isKept: boolean;
}

/** The client is told to end. */
export interface Ending {
  readonly packet: Partial<IDisconnectPacket>;
  readonly callbacks: (DoneCallback | undefined)[];
  /** Something was unacknowledged when it began. */
  hasWaited: boolean;
  timer: TimerHandle;
  /** The connection is gone; the application's stores are being closed. */
  isLast: boolean;
}

/** The core, as its rooms see it: what follows a failure, and the end. */
export interface CoreState {
  phase: Phase;
  isDisconnecting: boolean;
  hasEnded: boolean | undefined;
  isReconnecting: boolean;
  connack: IConnackPacket | undefined;
  readonly stream: ClientStream;
  readonly subscriptions: Subscriptions;
  readonly client: CoreOwner;
  readonly clock: Clock;
  readonly options: IClientOptions;
  readonly version: ProtocolVersion;
  readonly outbox: Outbox;
  /** The application's own stores; undefined without any. */
  stores: UserStores | undefined;
  /** Messages on their way into them, in their order. */
  keeping: Keeping[];
  readonly packets: PacketEvents;
  ending: Ending | undefined;
  /** `reconnect()` came while the last connection was on its way out. */
  comesBack: boolean;
  /** That connecting again is still to be told: it was asked for while the client was ending. */
  tellsReconnect: boolean;
  previousAgesMs: readonly number[];
  /** Failed attempts in a row. */
  failures: number;
  hasWarned: boolean;
  readonly rules: AttemptRules | undefined;
  lastFailure: AttemptFailure | undefined;
  /** Nothing is unanswered, and nothing waits for the application's store. */
  readonly isIdle: boolean;

  /** Begins an attempt, unless one is under way. */
  begin(): void;
  givenStores(): UserStores | undefined;
  /** Emits; what a listener throws must not end the connection that was just telling. */
  tell<Name extends keyof MqttClientEventCallbacks>(name: Name, ...args: Parameters<MqttClientEventCallbacks[Name]>): void;
}
