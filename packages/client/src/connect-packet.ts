import { type ConnectPacket, MqttError, PacketType, type Properties, type ProtocolVersion, type Will } from "@bowline/protocol";
import { utf8Encoder } from "@bowline/protocol/internal";
import type { ConnectOptions, Credentials, WillOptions } from "./options.ts";
import { payloadBytes } from "./payload-bytes.ts";

/** What differs from one attempt to the next. */
export interface ConnectState {
  readonly version: ProtocolVersion;
  readonly clientId: string;
  /** A connection came about before: its session is wanted back. */
  readonly isReturn: boolean;
  readonly credentials: Credentials;
  /** Method and first data of the enhanced authentication. */
  readonly authentication?: Properties | undefined;
}

/** Seconds that a session of the client's own making waits for it; with a store, for its next process too. */
const DEFAULT_EXPIRY = 300;
const DEFAULT_EXPIRY_STORED = 86_400;

/** The session is written to a store. */
export function isStored({ session, reliable }: ConnectOptions): boolean {
  return session?.store !== undefined || reliable === true;
}

/** The application wants its session to outlive the client. */
export function keepsSession(options: ConnectOptions): boolean {
  return (options.session?.expiryInterval ?? (isStored(options) ? DEFAULT_EXPIRY_STORED : 0)) > 0;
}

/** The CONNECT of one attempt. */
export function connectPacket(options: ConnectOptions, state: ConnectState): ConnectPacket {
  const { version, clientId, isReturn, credentials, authentication } = state;
  const { username, password } = credentials;
  if (version !== 5) checkBefore5(credentials);
  const keeps = keepsSession(options);
  const expiryInterval = options.session?.expiryInterval ?? (isStored(options) ? DEFAULT_EXPIRY_STORED : DEFAULT_EXPIRY);
  const startsClean = version === 5 ? (isReturn ? expiryInterval === 0 : (options.session?.cleanStart ?? !keeps)) : !keeps;
  return {
    type: PacketType.CONNECT,
    protocolVersion: version,
    cleanStart: startsClean,
    keepAlive: options.keepAlive ?? 50,
    clientIdentifier: clientId,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password: typeof password === "string" ? utf8Encoder().encode(password) : password }),
    ...(options.will && { will: willOf(options.will, version) }),
    ...(version === 5 && { properties: { ...connectProperties(options, expiryInterval), ...authentication } }),
  };
}

/** Throws for what only MQTT 5.0 can say. */
export function checkBefore5({ username, password, authentication }: Credentials): void {
  if (authentication !== undefined) throw new MqttError("UNSUPPORTED_IN_V3", { detail: "enhanced authentication" });
  // [v3 MQTT-3.1.2-22]
  if (password !== undefined && username === undefined) {
    throw new MqttError("OPTION_INVALID", { detail: "before MQTT 5.0 a password needs a user name", clause: "v3 MQTT-3.1.2-22" });
  }
}

function connectProperties(options: ConnectOptions, sessionExpiryInterval: number): Properties {
  return {
    ...(sessionExpiryInterval > 0 && { sessionExpiryInterval }),
    receiveMaximum: options.receiveMaximum ?? 1000,
    maximumPacketSize: maximumPacketSize(options),
    topicAliasMaximum: options.topicAliasMaximum ?? 32,
    ...(options.requestResponseInformation === true && { requestResponseInformation: 1 }),
    ...(options.requestProblemInformation === false && { requestProblemInformation: 0 }),
    ...(options.userProperties && { userProperties: options.userProperties }),
  };
}

export function maximumPacketSize(options: ConnectOptions): number {
  return options.maximumPacketSize ?? 16_777_216;
}

function willOf({ topicName, payload, qos = 0, retain = false, ...rest }: WillOptions, version: ProtocolVersion): Will {
  const { delayInterval, ...properties } = rest;
  const all: Properties = { ...properties, ...(delayInterval !== undefined && { willDelayInterval: delayInterval }) };
  return { topicName, payload: payloadBytes(payload), qos, retain, ...(version === 5 && { properties: all }) };
}
