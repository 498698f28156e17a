import type { Authenticator } from "./answer-authentication.ts";
import type { TypedEventEmitter } from "./event-emitter.ts";
import type { MqttClientEventCallbacks } from "./events.ts";
import type { ClientOfAttempt, DoneCallback } from "./options.ts";
import type { IPublishPacket } from "./packets.ts";

/** What the core needs of the client it belongs to. */
export interface CoreOwner extends TypedEventEmitter<MqttClientEventCallbacks>, ClientOfAttempt, Authenticator {
  /** The application's own `handleMessage`; undefined when it has none. */
  readonly handler: ((packet: IPublishPacket, done: DoneCallback) => void) | undefined;
  /** Sends PINGREQ. */
  sendPing(): void;
  /** Something came that shows that the server lives; with `force` its PINGRESP. */
  reschedulePing(force?: boolean): void;
  /** Begins the attempt that `reconnectPeriod` waited for. */
  _reconnect(): void;
  /** No application listens to `error`. */
  isUnheard(): boolean;
}
