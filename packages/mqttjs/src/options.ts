import type { ConnectOptions } from "@bowline/client";
import type { IMessageIdProvider } from "./message-id-provider.ts";
import type { IStore } from "./store.ts";
import type { IAuthPacket, IConnectPacket, IPublishPacket, ISubscribePacket, IUnsubscribePacket, QoS } from "./packets.ts";

export type BaseMqttProtocol = "wss" | "ws" | "mqtt" | "mqtts" | "tcp" | "ssl" | "tls" | "wx" | "wxs" | "ali" | "alis";
export type MqttProtocolWithUnix = `${BaseMqttProtocol}+unix`;
export type MqttProtocol = BaseMqttProtocol | MqttProtocolWithUnix;

export type DoneCallback = (error?: Error) => void;
export type VoidCallback = () => void;
export type StorePutCallback = () => void;
/** Told first of each QoS 1 and 2 message: `done(0)` takes it, another Reason Code is the answer to the server. */
export type AckHandler = (
  topic: string,
  message: Buffer,
  packet: IPublishPacket,
  done: (error: Error | number | null | undefined, code?: number) => void,
) => void;

export type TimerVariant = "auto" | "worker" | "native";
export interface Timer {
  set(callback: () => void, intervalMs: number): unknown;
  clear(timer: never): void;
}

/** A duplex stream as far as a client needs it: Node's, readable-stream's, or anything of their shape. */
export interface IStream {
  on(event: string, listener: (...args: never[]) => void): unknown;
  write(chunk: Uint8Array): boolean;
  end(): unknown;
  destroy(error?: Error): unknown;
  pause?(): unknown;
  resume?(): unknown;
  readonly writableLength?: number;
}
/** What hooks of the options are given of the client. A hook may declare its parameter as MqttClient. */
export interface ClientOfAttempt {
  options: IClientOptions;
  readonly connected: boolean;
  readonly reconnecting: boolean;
}

// A method's parameters may be declared narrower, a function's may not; and the class cannot be named here without a cycle.
interface Hooks {
  build(client: ClientOfAttempt, options: IClientOptions): IStream;
  open(url: string, websocketSubProtocols: string[], options: IClientOptions): unknown;
  transform(url: string, options: IClientOptions, client: ClientOfAttempt): string | Promise<string>;
}
/** Opens the byte stream of one attempt. */
export type StreamBuilder = Hooks["build"];

/** TLS options; every other option of `tls.connect` is taken too. */
export interface ISecureClientOptions {
  key?: string | string[] | Buffer | Buffer[] | object[];
  cert?: string | string[] | Buffer | Buffer[];
  ca?: string | string[] | Buffer | Buffer[];
  pfx?: string | Buffer | (string | Buffer | object)[];
  passphrase?: string;
  /** Without effect, as in MQTT.js 5. */
  keyPath?: string;
  /** Without effect, as in MQTT.js 5. */
  certPath?: string;
  /** Without effect, as in MQTT.js 5. */
  caPaths?: string | string[];
  /** False accepts any certificate. Default true. */
  rejectUnauthorized?: boolean;
  ALPNProtocols?: string[] | Buffer[] | Uint8Array[] | Buffer | Uint8Array;
}

/** One of several servers, taken in turn. */
export interface ServerAddress {
  host: string;
  port: number;
  protocol?: BaseMqttProtocol;
}

/**
 * Options of `connect`, as MQTT.js has them. Defaults are those of MQTT.js 5.
 *
 * @public
 */
export interface IClientOptions extends ISecureClientOptions {
  protocol?: MqttProtocol;
  /** Used when neither the URL nor `protocol` says one. Default mqtt. */
  defaultProtocol?: MqttProtocol;
  host?: string;
  hostname?: string;
  port?: number;
  /** Path of the WebSocket's URL, or of the Unix domain socket. */
  path?: string;
  unixSocket?: boolean;
  servername?: string;
  query?: Record<string, string>;
  /** "user:password" */
  auth?: string;
  /** Iterated: each attempt takes the next. */
  servers?: ServerAddress[];

  /** URL of a SOCKS proxy (socks5h, socks5, socks4a, socks4). Default for TCP and TLS: MQTTJS_SOCKS_PROXY of the environment; Node only. */
  socksProxy?: string;
  /** Ms for the proxy to let through. Default 30,000. */
  socksTimeout?: number;

  /** Default `mqttjs_` and 8 hexadecimal digits. */
  clientId?: string;
  /** 3 is MQTT 3.1, 4 is 3.1.1, 5 is 5.0. Default 4. */
  protocolVersion?: IConnectPacket["protocolVersion"];
  protocolId?: IConnectPacket["protocolId"];
  /** Default true. */
  clean?: boolean;
  /** Seconds; 0 turns it off. Default 60. */
  keepalive?: number;
  username?: string;
  password?: Buffer | string;
  will?: IConnectPacket["will"];
  properties?: IConnectPacket["properties"];

  /** Ms between the end of a connection and the next attempt, exact; 0 for no attempt. Default 1,000. */
  reconnectPeriod?: number;
  /** Tries again after a refused CONNACK too. Default false. */
  reconnectOnConnackError?: boolean;
  /** Ms from the start of an attempt to the CONNACK. Default 30,000. */
  connectTimeout?: number;
  /** Does not connect until `connect()` is called. */
  manualConnect?: boolean;
  /** Subscribes again after a connection whose session the server did not keep. Default true. */
  resubscribe?: boolean;
  /** Topic Filters in one SUBSCRIBE. Default all. */
  subscribeBatchSize?: number | null;
  /** Keeps QoS 0 messages while there is no connection. Default true. */
  queueQoSZero?: boolean;
  reschedulePings?: boolean;

  /**
   * Answers QoS 1 and 2 messages before they are told: with 0 they are, with another Reason Code of PUBACK and PUBREC they are
   * not. MQTT 5.0; before, every answer acknowledges.
   */
  customHandleAcks?: AckHandler;
  /** Answers the server's AUTH where `handleAuth` is not overridden; its properties are what counts. */
  authPacket?: Partial<IAuthPacket>;
  /** Topics go by Topic Aliases where the server offers some and that saves bytes. Default false. */
  autoUseTopicAlias?: boolean;
  /** Every topic gets a Topic Alias where the server offers some; the one used longest ago is given anew. Default false. */
  autoAssignTopicAlias?: boolean;
  /** Chooses Packet Identifiers. Default the client's own, which never collide. */
  messageIdProvider?: IMessageIdProvider;

  /** Keeps messages of the server with QoS 2 until they are released. Default in memory. */
  incomingStore?: IStore;
  /** Keeps messages with QoS 1 and 2 until they are acknowledged, also for a later program. Default in memory. */
  outgoingStore?: IStore;

  /** Options of the package `ws`, such as `headers` and `agent`; Node only. */
  wsOptions?: object;
  /** Changes the URL of each attempt over a WebSocket, or the client's options; may be asynchronous. */
  transformWsUrl?: Hooks["transform"];
  /** Opens the WebSocket of each attempt: the standard one, or anything with its interface. */
  createWebsocket?: Hooks["open"];
  /** Opens WebSockets in Node, too, with the global WebSocket, which Node has from 22 on. Default false. */
  forceNativeWebSocket?: boolean;
  /** Takes what the client does, in words. */
  log?: (...args: unknown[]) => void;
  timerVariant?: TimerVariant | Timer;
  writeCache?: boolean;
  // Of WeChat and Alipay, or without effect in MQTT.js 5 too.
  my?: unknown;
  encoding?: string;
  binary?: boolean;
  objectMode?: boolean;
  browserBufferSize?: number;
  browserBufferTimeout?: number;
  /** Options of this package alone. */
  bowline?: BowlineOptions;
}

/** What may wait to be sent. `drain` tells when half of it is free after something did not fit. */
export interface OutboxOptions {
  /** Default without limit. */
  maximumMessages?: number;
  /** Of topics and payloads. Default 256 MiB. */
  maximumBytes?: number;
  /**
   * What happens to a message that does not fit: `wait` lets as much again wait for room, whose promises are the measure, before it
   * is `reject`, whose callback gets QUEUE_FULL; `drop-oldest` takes it in place of the oldest, whose callback gets that. Default
   * reject.
   */
  whenFull?: "wait" | "reject" | "drop-oldest";
}

/** What MQTT.js has no option for. */
export interface BowlineOptions {
  /** Ms that `end()` waits without hearing from the server for what is unacknowledged. Default 5,000. */
  drainTimeoutMs?: number;
  /**
   * Asked before every attempt when it is a function, in place of `username` and `password`; with `expiresAt` also before they end.
   * Refused ones are not tried again; others are. An `authentication` among them answers the server's AUTH in place of `handleAuth`, and
   * proves the open connection anew when the next ones have its method; with others the client says goodbye and comes back.
   */
  credentials?: ConnectOptions["credentials"];
  /** What may wait to be sent. */
  outbox?: OutboxOptions;
  /** Comes back by these rules, with growing and random delays, in place of `reconnectPeriod`; see `@bowline/client`. */
  reconnect?: ConnectOptions["reconnect"];
  /**
   * What the server is told when the page is left, kept for a return or frozen: `disconnect` says goodbye, so that no will is sent,
   * and the client comes back when the page does; `will` cuts the connection of a page that is left and frozen. Default nothing, as
   * MQTT.js; pages only.
   */
  onPageHide?: ConnectOptions["onPageHide"];
  /** Whether a page asks the server by a `fetch` why its WebSocket did not open. Default true; pages only. */
  probe?: boolean;
  /**
   * A session that outlives program and page, as one switch: `clean: false`, on 5.0 a session of a day, and stores for QoS 1 and 2 in a
   * folder in `.bowline-sessions` of the working directory, in a page in IndexedDB. Needs a `clientId`. Default false.
   */
  reliable?: boolean;
  /** A proxy of any kind, HTTP included, for every transport; Node only. */
  proxy?: ConnectOptions["proxy"];
  /** How sockets are opened; Node only. */
  socket?: ConnectOptions["socket"];
}

export interface IClientPublishOptions {
  /** Default 0. */
  qos?: QoS;
  retain?: boolean;
  /** Says that the message may have been sent before. QoS 1 and 2; a client sets it itself where it sends again. Default false. */
  dup?: boolean;
  properties?: IPublishPacket["properties"];
  /** Called when the client has taken a QoS 1 or 2 message. */
  cbStorePut?: StorePutCallback;
}

export interface IClientReconnectOptions {
  incomingStore?: IStore;
  outgoingStore?: IStore;
}

export interface IClientSubscribeProperties {
  properties?: ISubscribePacket["properties"];
}

export interface IClientSubscribeOptions extends IClientSubscribeProperties {
  qos: QoS;
  /** No Local, MQTT 5.0. */
  nl?: boolean;
  /** Retain As Published, MQTT 5.0. */
  rap?: boolean;
  /** Retain Handling, MQTT 5.0. */
  rh?: number;
}

export interface ISubscriptionRequest extends IClientSubscribeOptions {
  topic: string;
}

/** What the server granted; 128 and above is a refusal. */
export interface ISubscriptionGrant extends Omit<ISubscriptionRequest, "qos" | "properties"> {
  qos: QoS | 128;
}

/** Topic Filters with their options; `resubscribe: true` sends those too that are subscribed already. */
export type ISubscriptionMap = { [topic: string]: IClientSubscribeOptions } & { resubscribe?: boolean };

export interface IClientUnsubscribeProperties {
  properties?: IUnsubscribePacket["properties"];
}
