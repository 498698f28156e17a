import type { MqttError } from "../errors/mqtt-error.ts";
import type { OutboundAliasSettings } from "../flow/alias-settings.ts";
import type {
  AuthPacket,
  ConnectPacket,
  DisconnectPacket,
  Properties,
  SubscribePacket,
  UnsubscribePacket,
} from "../packet/packets.ts";
import type { PublishOffsets } from "../packet/publish-offsets.ts";
import type { SessionState } from "../session/session-state.ts";

/**
 * Answer to a PUBLISH: n >= 0 allowed, acknowledge when commit n is kept (0: at once); -0x80 to -0xFF denied with that
 * Reason Code; `Later`.
 */
export type PublishAnswer = number;
/** The sink cannot answer yet: the connection keeps the packet, stops its walk and asks again at `retryPublish`. */
export const Later = -1;

/** Positive answer to a CONNECT. */
export interface AcceptConnect {
  kind: "accept";
  session: SessionState;
  sessionPresent: boolean;
  /** Properties of the CONNACK; ignored before 5.0. */
  properties?: Properties;
  /** Unacknowledged QoS 1 and 2 messages allowed towards the client: its Receive Maximum, lowered by a limit of ours. */
  sendMaximum: number;
  /** Receive Maximum given to the client: what it may have unacknowledged towards us. */
  receiveMaximum: number;
  /** Topic Alias Maximum given to the client, 0 for none. */
  topicAliasMaximum: number;
  /** Keep Alive in force, seconds (the client's, or Server Keep Alive). */
  keepAlive: number;
  /** Topic Aliases towards the client, at most its Topic Alias Maximum; absent for none. */
  topicAliases?: OutboundAliasSettings;
}
/** Negative answer to a CONNECT: the Reason Code of 5.0, translated for older clients. */
export interface RefuseConnect {
  kind: "refuse";
  reasonCode: number;
  properties?: Properties;
  error: MqttError;
}
/**
 * The enhanced authentication goes on (section 4.12): AUTH 0x18 with the method of the CONNECT, which the connection adds, and
 * these properties (Authentication Data, Reason String, User Properties).
 */
export interface ContinueAuthentication {
  kind: "continue";
  properties?: Properties;
}
export type ConnectAnswer = AcceptConnect | RefuseConnect | ContinueAuthentication;

/** The re-authentication succeeded: AUTH 0x00 with these properties. */
export interface ReauthenticationSuccess {
  kind: "success";
  properties?: Properties;
}
/** Answer to a step of a re-authentication (section 4.12.1). A refusal ends the connection with its Reason Code. */
export type ReauthenticateAnswer = ContinueAuthentication | ReauthenticationSuccess | RefuseConnect;

/** Answer to SUBSCRIBE and UNSUBSCRIBE: one Reason Code for each Topic Filter, in order (the codes of 5.0). */
export interface SubscribeAnswer {
  reasonCodes: readonly number[];
  properties?: Properties;
}

/**
 * What a ServerConnection tells the broker. A method must not call back into the connection's `receive` or `answer...`
 * methods (the guard throws); it may call any Sender, this connection's included.
 */
export interface ServerSink {
  /** A valid CONNECT. Undefined: the answer comes by `answerConnect`. */
  connect(packet: ConnectPacket): ConnectAnswer | undefined;
  /** The client's AUTH 0x18 after a `continue`, before the CONNACK. Undefined: the answer comes by `answerConnect`. */
  authenticate(packet: AuthPacket): ConnectAnswer | undefined;
  /**
   * The client's AUTH 0x19, or its 0x18 that goes on with it, on an open connection. Undefined: the answer comes by
   * `answerReauthenticate`; messages flow meanwhile.
   */
  reauthenticate(packet: AuthPacket): ReauthenticateAnswer | undefined;
  /** The CONNACK is written and messages may flow. */
  opened(): void;
  /**
   * A PUBLISH, or a run of QoS 0 ones, to route: all of it, or the beginning that `offsets.shortenRun` has left. QoS 2 comes once for each
   * message; `state.inbound` holds it already.
   */
  publish(chunk: Uint8Array, offsets: PublishOffsets): PublishAnswer;
  /** More PUBLISH packets than the Receive Maximum wait for storage: call `retryPublish` when it has kept more. */
  awaitStorage(): void;
  /** What to add to the acknowledgement of the PUBLISH that was just denied, in properties. Absent: nothing. */
  explainDenial?(offsets: PublishOffsets, reasonCode: number): Properties | undefined;
  /** PUBREL removed an inbound QoS 2 identifier: keep that. Answers the commit number that PUBCOMP waits for. */
  released(packetIdentifier: number): number;
  /** Undefined: the answer comes by `answerSubscribe`. */
  subscribe(packet: SubscribePacket): SubscribeAnswer | undefined;
  /** The SUBACK is written: retained messages may follow. */
  subscribed(packet: SubscribePacket, answer: SubscribeAnswer): void;
  /** Undefined: the answer comes by `answerUnsubscribe`. */
  unsubscribe(packet: UnsubscribePacket): SubscribeAnswer | undefined;
  /** Read no more until `resumeReading`: a question is open. */
  pauseReading(): void;
  resumeReading(): void;
  /** The client said DISCONNECT; `close` follows. */
  disconnect(packet: DisconnectPacket): void;
  /** Nothing more will be read or written: flush what the Sender holds and end the channel. `error`: why, if not at the client's wish. */
  close(error: MqttError | undefined): void;
}
