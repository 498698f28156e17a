import type { Clock } from "@bowline/protocol/internal";
import type { AliasPolicy } from "@bowline/protocol/internal";
import type { ProtocolVersion, QoS, RetainHandling, UserProperty } from "@bowline/protocol";
import type { Authentication } from "./authentication.ts";
import type { AttemptFailure } from "./status.ts";
import type { PacketEvent } from "./packet-log.ts";
import type { Message } from "./message.ts";
import type { ProxyOptions, SocketOptions } from "./network-options.ts";
import type { SessionStore } from "./store/session-store.ts";
import type { TlsOptions } from "./tls-options.ts";
import type { Dialer } from "./transport/transport.ts";

/** What a payload may be given as: text is sent as UTF-8. */
export type Payload = string | Uint8Array | ArrayBuffer;

/**
 * What proves who the client is, for one attempt.
 *
 * @public
 */
export interface Credentials {
  username?: string | undefined;
  /** MQTT 5.0 allows a password without a user name; before, that is an OPTION_INVALID. */
  password?: string | Uint8Array | undefined;
  /** Wall time in ms (or a Date) when these end: the client asks again and reconnects shortly before. */
  expiresAt?: number | Date | undefined;
  /** Address of this attempt, for presigned URLs: from a callback only, since others give it to `connect`. */
  url?: string;
  /** Query parameters added to the URL of a WebSocket. */
  query?: Readonly<Record<string, string>>;
  /** HTTP headers of the WebSocket's upgrade; Node only. */
  headers?: Readonly<Record<string, string>>;
  tls?: TlsOptions;
  /** Only where sessions start clean, since a session belongs to its Client Identifier. */
  clientId?: string;
  /** Enhanced authentication, MQTT 5.0. After a refusal another object counts as new credentials. */
  authentication?: Authentication;
}

/** What a credentials callback is told. */
export interface CredentialsRequest {
  /** Number of the attempt since the last stable connection, from 1. */
  readonly attempt: number;
  /** Why the previous attempt or connection ended. */
  readonly lastFailure: AttemptFailure | undefined;
  /** Aborted when the time limit passes or the client closes. */
  readonly signal: AbortSignal;
}

export type CredentialsProvider = (request: CredentialsRequest) => Credentials | Promise<Credentials>;

/**
 * Session settings. By default the client has an identifier of its own making and, on MQTT 5.0, a session of 300 s that carries
 * messages over a cut and is given up at `close()`.
 *
 * @public
 */
export interface SessionOptions {
  /** Client Identifier. Default `bowline` and 16 random characters: what every server must accept. */
  clientId?: string;
  /**
   * Seconds the server keeps the session after the connection ended, 0xFFFFFFFF for ever. When given and above 0 the session is
   * resumed at the first connection too, and kept at `close()`. MQTT 3.1.1 knows only 0 (clean) and more (kept).
   */
  expiryInterval?: number;
  /**
   * Keeps the session beyond the process: what was published and not acknowledged, how far it got, and the subscriptions. With a
   * store `expiryInterval` is 86,400 by default. See `fileStore` and `indexedDbStore`.
   */
  store?: SessionStore;
  /** Drops what the server kept, at the first connection. Default true unless `expiryInterval` is given. */
  cleanStart?: boolean;
}

/** The message the server publishes when the client vanishes. */
export interface WillOptions {
  topicName: string;
  payload?: Payload;
  qos?: QoS;
  retain?: boolean;
  /** Seconds between the loss and the will. MQTT 5.0. */
  delayInterval?: number;
  /** Seconds the message lives. MQTT 5.0. */
  messageExpiryInterval?: number;
  contentType?: string;
  responseTopic?: string;
  correlationData?: Uint8Array;
  payloadFormatIndicator?: 0 | 1;
  userProperties?: readonly UserProperty[];
}

/** How the client comes back; `false` gives up after the first failure or loss. */
export interface ReconnectOptions {
  /** Upper end of the first delay in ms, drawn uniformly from 0. Default 2,000. */
  firstDelayMs?: number;
  /** Delay of the second try in ms; each further one doubles. Default 4,000. */
  baseDelayMs?: number;
  /** Largest delay in ms. Default 60,000. */
  maximumDelayMs?: number;
  /** A connection that lived this long in ms starts the delays anew. Default 30,000. */
  stableAfterMs?: number;
  /**
   * Takeovers within a minute after which the client gives up; 0 for never. Default 3. Before MQTT 5.0 a server only closes: where
   * the delays above are the default, connections in a row that end without a reason within 5 s are taken for it.
   */
  maximumTakeovers?: number;
  /** Failed attempts in a row after which the client gives up. Default none. */
  maximumAttempts?: number;
  /** Replaces the delays: ms until the next attempt. The classes of refusal still decide whether there is one. */
  delay?: (failedAttempts: number) => number;
}

/** What is kept of accepted publishes that could not be sent yet. */
export interface OutboxOptions {
  /** Default 10,000. */
  maximumMessages?: number;
  /** Topic and payload bytes. Default 10 MB (10,485,760). */
  maximumBytes?: number;
  /**
   * At the limit: `wait` holds the publication (its `stored` resolves once there is room) up to as much again and rejects
   * beyond; `reject` fails it with QUEUE_FULL; `drop-oldest` fails the oldest message that was not sent yet. Default `wait`.
   */
  whenFull?: "wait" | "reject" | "drop-oldest";
}

/**
 * Options of `connect`.
 *
 * @public
 */
export interface ConnectOptions {
  /**
   * 5 is MQTT 5.0, 4 is 3.1.1, 3 is 3.1. A list holds those allowed, best first: the next is taken when the server refuses one, or
   * twice closes in place of its first CONNACK, and what it was found to speak is kept. Default [5, 4].
   */
  protocolVersion?: ProtocolVersion | readonly ProtocolVersion[];
  /** Asked before every attempt when it is a function. */
  credentials?: Credentials | CredentialsProvider;
  session?: SessionOptions;
  /**
   * URLs of further servers of the same service. After a failed attempt the next is tried at once, after the last the first again with
   * the delays of `reconnect`; a connection that was lost is sought from the first on.
   */
  servers?: readonly string[];
  /**
   * A session that outlives process and page: the same as `session.store` with a store of the host's kind, named by server and
   * Client Identifier. In Node it is a folder in `.bowline-sessions` of the working directory, in a page an IndexedDB database.
   * Default false.
   */
  reliable?: boolean;
  will?: WillOptions;
  /**
   * What the server is told when the page is left, kept for a return or frozen: `disconnect` says goodbye, so that no will is sent,
   * and comes back with its session when the page does; `will` says nothing, so that the server finds the connection lost and sends
   * the will. Default `will` for a client that has one, else `disconnect`; pages only.
   */
  onPageHide?: "disconnect" | "will";
  /**
   * Whether a page whose WebSocket did not open asks the server by a `fetch` of the same address (opaque, without cookies and query,
   * at most once a minute), since that alone tells whether it can be reached at all. Default true; pages only.
   */
  probe?: boolean;
  /** Seconds, 0 turns it off. Default 50: below the 60 s after which proxies cut an idle connection. */
  keepAlive?: number;
  /** Time limit in ms for the credentials, and again from dialling to CONNACK. Default 30,000. */
  connectTimeoutMs?: number;
  /** Time limit in ms of `close()` for what is unacknowledged. Default 5,000. */
  drainTimeoutMs?: number;
  reconnect?: false | ReconnectOptions;
  outbox?: OutboxOptions;
  tls?: TlsOptions;
  /** HTTP headers of the WebSocket's upgrade; Node only. */
  headers?: Readonly<Record<string, string>>;
  /** Goes through a proxy: its URL, or URL and more; Node only. */
  proxy?: string | ProxyOptions;
  socket?: SocketOptions;
  /** QoS 1 and 2 messages the server may have unacknowledged. Default 1,000; MQTT 5.0. */
  receiveMaximum?: number;
  /** Largest packet accepted, in bytes. Default 16 MiB (16,777,216). */
  maximumPacketSize?: number;
  /**
   * Topic Aliases the server may use: each saves it the topic, and costs the client the topic's bytes while it is connected.
   * Default 32, which is 2 MiB at the very most; MQTT 5.0.
   */
  topicAliasMaximum?: number;
  /**
   * When messages of ours go by a Topic Alias, as far as the server allows: `auto` where that saves bytes, `always` for every
   * topic, `never`. Default `auto`; MQTT 5.0.
   */
  topicAliases?: AliasPolicy;
  /** Asks the server for Response Information, the beginning of response topics for `request`. Default false; MQTT 5.0. */
  requestResponseInformation?: boolean;
  /** False: the server need not give reasons in words. Default true; MQTT 5.0. */
  requestProblemInformation?: boolean;
  userProperties?: readonly UserProperty[];
  /** A slower acknowledgement of a message raises `acknowledgementLate`, in ms. Default 30,000. */
  ackTimeoutMs?: number;
  /** Shown every packet, for tools; costs nothing when it is not given. */
  onPacket?: (event: PacketEvent) => void;
  /** Opens the byte stream in place of the platform: a virtual network, a proxy. */
  transport?: Dialer;
  /** Time source in place of the host's. */
  clock?: Clock;
  /** Uniform random numbers in [0, 1). Default Math.random. */
  random?: () => number;
}

export interface PublishOptions {
  /** Default 0. */
  qos?: QoS;
  retain?: boolean;
  /** Seconds the message lives, time in the outbox included. MQTT 5.0. */
  messageExpiryInterval?: number;
  contentType?: string;
  responseTopic?: string;
  correlationData?: Uint8Array;
  /** 1: the payload is UTF-8. */
  payloadFormatIndicator?: 0 | 1;
  userProperties?: readonly UserProperty[];
  /** Takes the message back while it was not sent, and the wait for it at any time. */
  signal?: AbortSignal;
}

export interface SubscribeOptions {
  /** Highest QoS wanted. Default 0. */
  qos?: QoS;
  /** MQTT 5.0: nothing published by this client itself. */
  noLocal?: boolean;
  retainAsPublished?: boolean;
  retainHandling?: RetainHandling;
  /** Default 1,000 messages. */
  maximumMessages?: number;
  /** Payload bytes. Default 4 MB (4,194,304). */
  maximumBytes?: number;
  /**
   * When QoS 1 and 2 are acknowledged: `received` at once (while the buffer has room), `handled` after the loop body or the
   * handler, `manual` by `message.ack()`. Default `received`.
   */
  acknowledge?: "received" | "handled" | "manual";
  /** Ends the subscription. */
  signal?: AbortSignal;
}

/** Called for each message in place of iterating; a promise it returns is awaited for `acknowledge: "handled"`. */
export type MessageHandler = (message: Message) => unknown;

export interface RequestOptions extends Omit<PublishOptions, "responseTopic" | "correlationData"> {
  /** Default 30,000. */
  timeoutMs?: number;
}
