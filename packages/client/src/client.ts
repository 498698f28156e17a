/// <reference lib="esnext.disposable" preserve="true" />
import type { MqttError } from "@bowline/protocol";
import type { Message } from "./message.ts";
import type { MessageHandler, Payload, PublishOptions, RequestOptions, SubscribeOptions } from "./options.ts";
import type { Publication } from "./publication.ts";
import type { AttemptFailure, OnlineStatus, Status } from "./status.ts";
import type { Subscription } from "./subscription.ts";

/**
 * What a client tells of itself.
 *
 * @public
 */
export interface ClientEvents {
  /** Each change of status. */
  status: Status;
  /** Exactly one for each failed attempt. Without a listener the first is told once by console.warn. */
  attemptFailed: AttemptFailure;
  /** Exactly one for each connection that ended against our will after CONNACK. */
  connectionLost: AttemptFailure;
  /** A publication failed and nobody awaits it. */
  publishFailed: { readonly publication: Publication; readonly error: MqttError };
  /** Every message that arrives, before the subscriptions get it. */
  message: Message;
  /** The outbox fell below half of its limit after it was full. */
  drain: undefined;
  /** The server no longer had the session: messages for us may be missing since the last connection. */
  gap: OnlineStatus;
  /** A message was not acknowledged within `ackTimeoutMs`. */
  acknowledgementLate: Message;
}

/**
 * A connection that comes back by itself. Made by `connect`.
 *
 * @public
 */
export interface Client {
  readonly status: Status;
  /** The Client Identifier: the server's choice once there was one. */
  readonly clientId: string;
  /** Bytes accepted by `publish` that the transport has not taken. */
  readonly bufferedAmount: number;
  /** Publications that failed without anybody awaiting them, and QoS 0 messages dropped by the outbox. */
  readonly failedPublications: number;
  /** How often the server had lost the session, and with it perhaps messages for us; see the event `gap`. */
  readonly gaps: number;

  /** The answer takes the listener off. */
  on<Name extends keyof ClientEvents>(name: Name, listener: (value: ClientEvents[Name]) => void): () => void;
  once<Name extends keyof ClientEvents>(name: Name, listener: (value: ClientEvents[Name]) => void): () => void;
  off<Name extends keyof ClientEvents>(name: Name, listener: (value: ClientEvents[Name]) => void): void;

  /** Resolves while online, else at the next CONNACK; rejects when the client ends or gives up, or when the signal aborts. */
  online(options?: { signal?: AbortSignal }): Promise<OnlineStatus>;

  /**
   * Sends a message, now or when the connection is there.
   *
   * @throws MqttError TOPIC_INVALID, OPTION_INVALID, UNSUPPORTED_IN_V3 at once; all else by the publication.
   */
  publish(topicName: string, payload?: Payload, options?: PublishOptions): Publication;

  /**
   * Subscribes at once, or when the connection is there, and again whenever the server forgot.
   *
   * @throws MqttError FILTER_INVALID, OPTION_INVALID
   */
  subscribe(topicFilters: string | readonly string[], options?: SubscribeOptions, handler?: MessageHandler): Subscription;

  /**
   * Publishes with a response topic of this client's own and resolves with the answer. MQTT 5.0.
   *
   * @throws MqttError UNSUPPORTED_IN_V3, TIMEOUT, ABORTED, CLIENT_CLOSED
   */
  request(topicName: string, payload?: Payload, options?: RequestOptions): Promise<Message>;

  /**
   * Proves the open connection anew (MQTT 5.0, section 4.12.1), with fresh credentials and the method it began with; resolves when
   * the server is satisfied. A failure ends the connection, which then comes back as after any loss; an aborted signal ends the wait
   * alone.
   *
   * @throws MqttError NOT_CONNECTED, AUTH_METHOD, AUTH_FAILED, TIMEOUT, ABORTED
   */
  reauthenticate(options?: { signal?: AbortSignal }): Promise<void>;

  /** Tries again now, when waiting or failed; nothing while connecting or online. */
  reconnect(): void;

  /**
   * Sends what is left (at most `drainTimeoutMs`), then DISCONNECT, and resolves when the socket is closed. Never rejects.
   */
  close(): Promise<void>;
  /** Cuts the connection without DISCONNECT, so that the server sends the will. Resolves when the socket is closed. */
  abort(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
