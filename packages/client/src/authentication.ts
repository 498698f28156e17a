/**
 * Enhanced authentication (MQTT 5.0, section 4.12), such as SCRAM or Kerberos: a method, and a function that is asked for each
 * of the client's answers.
 *
 * @public
 */
export interface Authentication {
  /** Authentication Method, a name that the server knows. */
  readonly method: string;
  /**
   * Answers what to send. What it throws, or a promise of it that rejects, ends the connection with AUTH_FAILED. It has the time
   * limit `connectTimeoutMs`.
   */
  readonly step: (step: AuthenticationStep) => AuthenticationData | undefined | Promise<AuthenticationData | undefined>;
}

/** What a step may answer: text is sent as UTF-8. */
export type AuthenticationData = string | Uint8Array;

/** One step of the exchange. */
export interface AuthenticationStep {
  /**
   * `begin`: what goes into the CONNECT, or into the packet that begins a re-authentication. `continue`: the server asks.
   * `success`: the server is satisfied, and what is answered is not sent; throw when its data do not prove that it is the server.
   * Nothing of ours but acknowledgements leaves before it is answered.
   */
  readonly kind: "begin" | "continue" | "success";
  /** The server's Authentication Data. */
  readonly data: Uint8Array | undefined;
  /** What the server says beside it, for people. */
  readonly reasonString: string | undefined;
  /** The connection is open already, and proves itself anew. */
  readonly isReauthentication: boolean;
  /** Aborted when the time limit passes, the connection ends or the client closes. */
  readonly signal: AbortSignal;
}
