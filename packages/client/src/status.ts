import type { ErrorCode, MqttError, Properties, Stage } from "@bowline/protocol";

/**
 * Why one attempt or one connection ended; exactly one for each.
 *
 * @public
 */
export interface AttemptFailure {
  /** Number of the attempt since the last stable connection, from 1. */
  readonly attempt: number;
  /** How far it came: `session` is after CONNACK. */
  readonly stage: Stage;
  readonly code: ErrorCode;
  /** Reason Code of the server's CONNACK or DISCONNECT. */
  readonly reasonCode: number | undefined;
  /** The server that this one names in its place (USE_ANOTHER, MOVED). The client does not go there by itself. */
  readonly serverReference?: string;
  /** What to do, likeliest first. */
  readonly hints: readonly string[];
  /** The page of this documentation with causes and remedies: `docs/errors/ws.md#ws_never_opened`. */
  readonly link: string;
  /** Until the next attempt; undefined when the client gave up. */
  readonly retryInMs: number | undefined;
  /** From the start of the attempt (or from CONNACK) to the failure. */
  readonly msToFail: number;
  readonly error: MqttError;
}

/** Dialling, or waiting for credentials or CONNACK. */
export interface ConnectingStatus {
  readonly state: "connecting";
  readonly attempt: number;
}
/** CONNACK came; messages flow. */
export interface OnlineStatus {
  readonly state: "online";
  /** The server kept the session of the previous connection. */
  readonly sessionPresent: boolean;
  /** The Client Identifier in use, the server's choice included. */
  readonly clientId: string;
  /** MQTT 5.0 properties of the CONNACK: limits, assigned values, response information. */
  readonly properties: Properties;
}
/** Between two attempts. */
export interface WaitingStatus {
  readonly state: "waiting";
  readonly retryInMs: number;
  readonly lastFailure: AttemptFailure;
  /** Three attempts failed in a row. */
  readonly degraded: boolean;
}
/** `close()` or `abort()` was called: terminal. */
export interface ClosedStatus {
  readonly state: "closed";
}
/** The client gave up: terminal until `reconnect()`. */
export interface FailedStatus {
  readonly state: "failed";
  readonly failure: AttemptFailure;
}
/**
 * Where the client stands, a tagged union.
 *
 * @public
 */
export type Status = ConnectingStatus | OnlineStatus | WaitingStatus | ClosedStatus | FailedStatus;
