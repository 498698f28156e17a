/* What the kit asks of a client under test. Each client is one adapter: an object with these methods, or a program that speaks
   them line by line (serve-driver.ts). Nothing here names a packet: that is what is judged, and the client makes it. */

export type Version = 3 | 4 | 5;
export type QoS = 0 | 1 | 2;

/** Properties that an application may give a message on MQTT 5.0. */
export interface MessageProperties {
  payloadFormatIndicator?: 0 | 1;
  messageExpiryInterval?: number;
  contentType?: string;
  responseTopic?: string;
  correlationData?: Uint8Array;
  userProperties?: readonly (readonly [string, string])[];
}

/** Properties of a message that arrived. */
export interface ReceivedProperties extends MessageProperties {
  subscriptionIdentifiers?: readonly number[];
}

export interface MessageToSend {
  topicName: string;
  payload?: string | Uint8Array;
  qos?: QoS;
  retain?: boolean;
  properties?: MessageProperties;
}

export interface WillToSend extends MessageToSend {
  delayInterval?: number;
}

/** A message that the client handed to its application. */
export interface ReceivedMessage {
  topicName: string;
  payload: Uint8Array;
  qos: QoS;
  retain: boolean;
  /** Undefined where the client does not show them. */
  properties: ReceivedProperties | undefined;
}

export interface SubscribeSettings {
  topicFilters: readonly string[];
  qos?: QoS;
  noLocal?: boolean;
  retainAsPublished?: boolean;
  retainHandling?: 0 | 1 | 2;
}

/** How a client is to connect. */
export interface ClientSettings {
  version: Version;
  clientId: string;
  cleanStart: boolean;
  /** Seconds. */
  keepAlive: number;
  /** Connects again by itself, soon and for ever, with the same settings (its session is wanted back when `cleanStart` is false). */
  reconnect: boolean;
  username?: string;
  password?: string;
  will?: WillToSend;
  /** Seconds; on 3.1.1 only whether it is above 0 matters, which `cleanStart` says too. */
  sessionExpiryInterval?: number;
  receiveMaximum?: number;
  maximumPacketSize?: number;
  topicAliasMaximum?: number;
  requestProblemInformation?: 0 | 1;
  userProperties?: readonly (readonly [string, string])[];
  /** Enhanced authentication: the client answers each challenge with the same bytes, and begins with `start`. */
  authenticationMethod?: string;
  /** How long it waits for a CONNACK, ms. */
  connectTimeoutMs?: number;
  /** What all messages of the case have in common, for programs that must know before they start. */
  announced?: Omit<MessageToSend, "payload">;
}

/** What an adapter can ask of its client; a case that needs more is left out for it, and counted. */
export type Capability =
  /** publish() with anything. */
  | "publish"
  /** publish() of messages that are alike but for their payload (`ClientSettings.announced`). */
  | "announced publish"
  /** The promise of publish() settles when the message is acknowledged, and fails when it is refused. */
  | "publish outcome"
  | "subscribe"
  | "unsubscribe"
  /** Payloads and Correlation Data of any bytes. */
  | "binary data"
  /** Is not brought down by topics above 65,535 bytes. */
  | "oversized topics"
  /** Messages that arrive are reported. */
  | "receive"
  | "message properties"
  | "will"
  | "will properties"
  | "credentials"
  | "password without user name"
  | "empty client id"
  | "clean start"
  | "session"
  /** `receiveMaximum`, `maximumPacketSize`, `topicAliasMaximum` of the CONNECT. */
  | "connect limits"
  | "user properties in CONNECT"
  | "problem information"
  | "reconnect"
  | "disconnect"
  /** PINGREQ, with a Keep Alive of `minimumKeepAlive`. */
  | "keep alive"
  /** Keep Alive 0. */
  | "no keep alive"
  | "connect timeout"
  | "enhanced authentication"
  | "reauthentication"
  /** It tries MQTT 3.1.1 when a server does not speak 5.0 (started with version 5 and `reconnect`). */
  | "version fallback"
  /** Takes ws:// URLs. */
  | "WebSocket";

/** Told by the adapter while the client runs. */
export interface ClientReport {
  message(message: ReceivedMessage): void;
}

export interface ClientUnderTest {
  /** Rejects when the client refuses the message or the server does. */
  publish(message: MessageToSend): Promise<void>;
  /** Resolves with what the server granted. */
  subscribe(subscription: SubscribeSettings): Promise<readonly number[]>;
  unsubscribe(topicFilters: readonly string[]): Promise<void>;
  /** Begins a re-authentication; settles with it. */
  reauthenticate?(): Promise<void>;
  /** Ends the connection with DISCONNECT. */
  disconnect(): Promise<void>;
  /** Ends the client at once, without DISCONNECT, and leaves nothing behind. Never rejects, may be called twice. */
  kill(): Promise<void>;
}

export interface ClientDriver {
  readonly name: string;
  readonly versions: readonly Version[];
  readonly capabilities: ReadonlySet<Capability>;
  /** Smallest Keep Alive it takes, seconds. Default 1. */
  readonly minimumKeepAlive?: number;
  /** It sends SUBSCRIBE by itself after each CONNACK, as programs of the command line do. */
  readonly subscribesAtStart?: boolean;
  /** Ms that this client is given for a step; programs need longer to start than objects. */
  readonly patienceMs?: number;
  /** Begins to connect. Throws when the client refuses the settings. */
  start(url: string, settings: ClientSettings, report: ClientReport): ClientUnderTest;
}
